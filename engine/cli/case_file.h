// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/cli/json.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pelton::cli {

// Value. One event for a function, and what is expected of it.
struct Case {
  std::string name;
  std::string function;
  json::value event;
  std::string outcome = "done";         // done, failed, timeout
  std::optional<json::array> outputs;   // events; of each the members that are to be compared
  std::optional<json::value> response;  // of a function for AWS Lambda
  json::object error;                   // type, message: those that are to be compared
};

// Value. What `pelton test` reads.
struct CaseFile {
  std::filesystem::path config;
  std::vector<Case> cases;
};

// YAML (docs/trying_functions.md). E5063 with the place of what is wrong; E5020.
Result<CaseFile> read_cases(const std::filesystem::path& file);

// Value. What differs at a place such as "outputs[0].data.n"; nothing: it is missing, or was not
// expected.
struct Difference {
  std::string place;
  std::optional<json::value> expected, got;
};

// What an answer of the admin API (docs/json.md, invoke) has otherwise than the case expects.
std::vector<Difference> differences(const Case& expected, const json::object& answer);

}  // namespace pelton::cli
