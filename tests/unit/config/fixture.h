// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/load.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::config {

// A folder of its own, gone afterwards, with the files that a config names.
class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest();
  ~ConfigTest() override;

  std::filesystem::path write(const std::string& name, std::string_view text);
  std::filesystem::path write_executable(const std::string& name);
  std::filesystem::path make_folder(const std::string& name);

  // Loads the text as if it stood in the folder; the environment is `variables`.
  Loaded loaded(const std::string& text) const;
  // Every problem as "LINE:COLUMN CODE message".
  std::vector<std::string> problems(const std::string& text) const;
  // The codes alone, in the order of the file.
  std::vector<std::string> codes(const std::string& text) const;
  // The config; the test fails when there is none.
  Config good(const std::string& text) const;

  std::filesystem::path folder_;
  std::map<std::string, std::string> variables_;
  Kinds kinds_;  // sample_kinds()
};

// What connectors of the type "files" have.
struct SampleFiles {
  std::filesystem::path path;
  std::vector<std::string> match{"*"};
  std::uint64_t limit = 1U << 20;
};

// What functions of the runtime "python" have; those of "cpp" have the code alone.
struct SampleCode {
  std::filesystem::path code;
  std::string handler;
};

// Connectors: "files" (both directions), "feed" (a source), "kafka" (a topic). Runtimes: "python",
// "cpp", whose code need not be there.
Kinds sample_kinds();

// A config with one good part of each kind, whose executable is /bin/true.
std::string whole_config();

}  // namespace pelton::config
