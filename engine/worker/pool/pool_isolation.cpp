// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/pool_isolation.h"

#include "engine/worker/process/descendants.h"

#include <algorithm>
#include <utility>

namespace pelton::worker {

std::optional<std::string> missing_isolation(const std::optional<sandbox::Outcome>& known) {
  if (!known || known->missing.empty()) return std::nullopt;
  return "E7311: its workers are not isolated in every way: the kernel refuses " +
         sandbox::text_of_missing(*known);
}

std::optional<std::string> news_of_isolation(const std::optional<sandbox::Outcome>& of_worker,
                                             std::optional<sandbox::Outcome>& known) {
  if (!of_worker || of_worker == known) return std::nullopt;
  const auto before = std::exchange(known, of_worker);
  // Copies of a zygote lack less than other processes where those cannot have a namespace.
  const bool worse = std::ranges::any_of(known->missing, [&](const auto& part) {
    return !before || std::ranges::find(before->missing, part) == before->missing.end();
  });
  return worse ? missing_isolation(known) : std::nullopt;
}

bool has_too_many_processes(const Process& process, const config::Function& function) {
  if (!function.processes || process.pid() <= 0) return false;
  if (process.sandbox() && process.sandbox()->holds_processes) return false;
  return count_processes(process.pid(), *function.processes) > *function.processes;
}

}  // namespace pelton::worker
