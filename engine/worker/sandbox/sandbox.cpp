// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/sandbox/sandbox.h"

#include "engine/worker/sandbox/system_calls.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace pelton::worker::sandbox {
namespace {

constexpr std::array<std::string_view, kParts> kNames{"files",   "mounts",     "processes",   "ipc",
                                                      "network", "privileges", "system_calls"};

std::uint32_t wishes_of(const Plan& plan) {
  using Network = config::Isolation::Network;
  std::uint32_t wishes = 0;
  if (plan.level == config::Isolation::Level::required) wishes |= kRequired;
  if (plan.network != Network::all) wishes |= kPrivateNetwork;
  if (plan.network == Network::loopback) wishes |= kLoopback;
  if (plan.stays) wishes |= kStays;
  return wishes;
}

std::string bytes_of(const Plan& plan) {
  const std::span<const sock_filter> filter = denied_system_calls(plan.stays);
  PlanHeader header;
  header.wishes = wishes_of(plan);
  header.temporary_bytes = plan.temporary_bytes;
  header.processes = plan.processes;
  header.filter_instructions = static_cast<std::uint32_t>(filter.size());
  header.rules = static_cast<std::uint32_t>(plan.rules.size());
  std::string bytes(sizeof header + filter.size_bytes(), '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, filter.data(), filter.size_bytes());
  for (const auto& [rule, path] : plan.rules)
    bytes.append(1, static_cast<char>(rule)).append(path).append(1, '\0');
  return bytes;
}

}  // namespace

std::string_view name_of(Part part) {
  return kNames[static_cast<std::size_t>(part)];
}

Outcome outcome_of(const Report& report) {
  Outcome outcome;
  outcome.holds_processes = report.limits_processes != 0;
  for (std::size_t i = 0; i < kParts; ++i) {
    const PartReport& part = report.parts[i];
    const std::string name(kNames[i]);
    if (part.state == State::active) outcome.active.push_back(name);
    if (part.state == State::refused)
      outcome.missing.emplace_back(
          name,
          fmt::format("{}: {}", std::string_view(part.step, ::strnlen(part.step, sizeof part.step)),
                      std::strerror(part.error)));
  }
  return outcome;
}

std::string text_of_missing(const Outcome& outcome) {
  std::string text;
  for (const auto& [part, why] : outcome.missing)
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", part, why);
  return text;
}

Result<UniqueFd> encode(const Plan& plan) {
  if (plan.rules.size() > kMostRules)
    return fail(ErrorKind::invalid, "E7314", "isolation: more than {} paths", kMostRules);
  const std::string bytes = bytes_of(plan);
  UniqueFd fd(::memfd_create("pelton-sandbox", MFD_CLOEXEC));
  if (!fd || ::write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    return fail_errno("E7314", "writing the plan of a sandbox", errno);
  return fd;
}

}  // namespace pelton::worker::sandbox
