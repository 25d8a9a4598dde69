// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/import/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::importer {

// A folder with a file of another system, and what it becomes.
class ImportTest : public ::testing::Test {
 protected:
  ImportTest();
  ~ImportTest() override;

  void write(const std::string& name, std::string_view text);
  // Of a serverless.yml with this text.
  Converted convert_text(const std::string& text, const std::string& name = "serverless.yml");
  // Of a service with one function `f`, whose section has these lines; indented by four spaces.
  std::string with_function(const std::string& lines);
  // The value of the variable V of such a function; the problems, where there is none.
  std::string value(const std::string& written, const std::string& more = "");
  // Every problem as "LINE CODE message".
  static std::vector<std::string> problems(const Converted& converted);
  // What the text has behind the line `section:`, up to the next section, without comments.
  static std::string section(const std::string& text, const std::string& name);

  std::filesystem::path folder_;
  std::map<std::string, std::string> variables_;
  Options options_;
};

}  // namespace pelton::importer
