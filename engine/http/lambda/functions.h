// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/net/message.h"
#include "engine/stream/appender.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::http {

// Value. A function as AWS Lambda's API serves it.
struct LambdaFunction {
  std::string name;
  std::string arn;
  std::string runtime;
  Duration timeout{};
  Duration start_timeout{};
  std::optional<std::uint64_t> memory;
  std::uint32_t workers = 1;  // at most
  // It answers with JSON, whatever the content type of its answer.
  bool documents = false;
  // Of its asynchronous calls. Shared with whoever else has the target that it came in.
  std::shared_ptr<stream::Appender> calls;
};

// Ascending by name. Shared by the table that it came in and by requests under way.
using LambdaFunctions = std::shared_ptr<const std::vector<LambdaFunction>>;

// What a request names: "resize", "resize:$LATEST", "000000000000:function:resize" or an ARN.
struct FunctionName {
  std::string name;
  std::string qualifier;  // empty: none
};
FunctionName parse_function_name(std::string_view text);

// Null: there is none, or not with that qualifier.
const LambdaFunction* find_function(const std::vector<LambdaFunction>& functions,
                                    const FunctionName& name);

// The answers to GetFunction, GetFunctionConfiguration and ListFunctions. `most` functions, those
// behind the one that `marker` names.
std::string function_json(const LambdaFunction& function);
std::string configuration_json(const LambdaFunction& function);
std::string list_json(const std::vector<LambdaFunction>& functions, const std::string& marker,
                      std::size_t most);

}  // namespace pelton::http
