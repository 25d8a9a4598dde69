// SPDX-License-Identifier: Apache-2.0
#include "engine/http/lambda/functions.h"

#include "engine/base/json_quoted.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace pelton::http {
namespace {

// What a function without a limit may use of AWS's machines, in MB.
constexpr std::uint64_t kMostMemory = 10240;
constexpr std::string_view kLatest = "$LATEST";

}  // namespace

FunctionName parse_function_name(std::string_view text) {
  constexpr std::string_view kInfix = "function:";
  const auto at = text.find(kInfix);
  if (at == 0 || (at != std::string_view::npos && text[at - 1] == ':'))
    text.remove_prefix(at + kInfix.size());
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return {std::string(text), {}};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

const LambdaFunction* find_function(const std::vector<LambdaFunction>& functions,
                                    const FunctionName& name) {
  if (!name.qualifier.empty() && name.qualifier != kLatest) return nullptr;
  const auto at = std::ranges::lower_bound(functions, name.name, {}, &LambdaFunction::name);
  return at == functions.end() || at->name != name.name ? nullptr : &*at;
}

std::string configuration_json(const LambdaFunction& function) {
  return fmt::format(
      R"({{"FunctionName":{},"FunctionArn":{},"Runtime":{},"Timeout":{},"MemorySize":{},)"
      R"("Version":"$LATEST","PackageType":"Zip","State":"Active",)"
      R"("LastUpdateStatus":"Successful"}})",
      json_quoted(function.name), json_quoted(function.arn), json_quoted(function.runtime),
      std::chrono::ceil<std::chrono::seconds>(function.timeout).count(),
      function.memory ? *function.memory >> 20 : kMostMemory);
}

std::string function_json(const LambdaFunction& function) {
  return fmt::format(
      R"({{"Configuration":{},"Concurrency":{{"ReservedConcurrentExecutions":{}}}}})",
      configuration_json(function), function.workers);
}

std::string list_json(const std::vector<LambdaFunction>& functions, const std::string& marker,
                      std::size_t most) {
  auto at = std::ranges::upper_bound(functions, marker, {}, &LambdaFunction::name);
  std::string list;
  for (std::size_t i = 0; i < most && at != functions.end(); ++i, ++at)
    list += (list.empty() ? "" : ",") + configuration_json(*at);
  const std::string next = at == functions.end() || list.empty()
                               ? ""
                               : ",\"NextMarker\":" + json_quoted(std::prev(at)->name);
  return fmt::format(R"({{"Functions":[{}]{}}})", list, next);
}

}  // namespace pelton::http
