// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/status_check.h"

#include "engine/cli/output.h"

namespace pelton::cli {
namespace {

std::string stopped(const json::object& binding) {
  const std::string why = text_of(binding, "stopped");
  return why.empty() ? "" : fmt::format("{} has stopped: {}", text_of(binding, "name"), why);
}

const json::object* find_named(const json::object& status, const std::string& name) {
  for (const json::value& value : list_of(status, "bindings"))
    if (text_of(as_object(value), "name") == name) return &as_object(value);
  return nullptr;
}

std::string unsettled(const json::object& binding) {
  const std::string name = text_of(binding, "name");
  const json::array& partitions = list_of(binding, "partitions");
  // The lag is then as it was when the brokers were last heard of.
  if (const std::string trouble = text_of(binding, "trouble"); !trouble.empty())
    return fmt::format("{}: {}", name, trouble);
  if (partitions.empty()) return name + " has no partition yet";
  std::uint64_t lag = 0;
  for (const json::value& partition : partitions)
    lag += count_of(as_object(partition), "lag_events");
  return lag == 0 ? "" : fmt::format("{} has a lag of {}", name, grouped(lag));
}

}  // namespace

std::vector<std::string> reasons_not_ready(const json::object& status) {
  std::vector<std::string> reasons;
  for (const json::value& reason : list_of(status, "not_ready"))
    if (reason.is_string()) reasons.emplace_back(reason.get_string());
  for (const json::value& binding : list_of(status, "bindings"))
    if (std::string why = stopped(as_object(binding)); !why.empty())
      reasons.push_back(std::move(why));
  for (const json::value& function : list_of(status, "functions"))
    if (const std::string why = text_of(as_object(function), "start_error"); !why.empty())
      reasons.push_back(fmt::format("function {} cannot start a worker: {}",
                                    text_of(as_object(function), "name"),
                                    why.substr(0, why.find('\n'))));
  if (reasons.empty() && !flag_of(status, "ready")) reasons.emplace_back("the engine is not ready");
  return reasons;
}

Result<std::vector<std::string>> reasons_not_settled(const json::object& status,
                                                     const std::vector<std::string>& bindings) {
  std::vector<std::string> reasons;
  for (const std::string& name : bindings) {
    const json::object* binding = find_named(status, name);
    if (binding == nullptr)
      return fail(ErrorKind::invalid, "E5001", "there is no binding or sink \"{}\"", name);
    if (const std::string why = stopped(*binding); !why.empty())
      return fail(ErrorKind::unavailable, "E5021", "{}", why);
    if (std::string why = unsettled(*binding); !why.empty()) reasons.push_back(std::move(why));
  }
  return reasons;
}

}  // namespace pelton::cli
