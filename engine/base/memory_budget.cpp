// SPDX-License-Identifier: Apache-2.0
#include "engine/base/memory_budget.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace pelton {
namespace {

std::uint64_t machine_memory() {
  return static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// The number in a file of a control group; "max" and files that are not there are no limit.
std::uint64_t limit_in(const std::string& path) {
  std::uint64_t bytes = 0;
  std::ifstream file(path);
  return file >> bytes ? bytes : UINT64_MAX;
}

// Of this process's own group and those above it.
std::uint64_t cgroup_limit() {
  std::uint64_t least = std::min(limit_in("/sys/fs/cgroup/memory.max"),
                                 limit_in("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::/")) continue;
    for (std::string group = line.substr(3); group.size() > 1; group.erase(group.rfind('/')))
      least = std::min(least, limit_in("/sys/fs/cgroup" + group + "/memory.max"));
  }
  return least;
}

}  // namespace

std::string_view to_string(MemoryUse use) {
  switch (use) {
    case MemoryUse::unsettled:
      return "unsettled";
    case MemoryUse::outputs:
      return "outputs";
    case MemoryUse::read_ahead:
      return "read_ahead";
    case MemoryUse::appends:
      return "appends";
    case MemoryUse::kafka:
      return "kafka";
    case MemoryUse::keys:
      return "keys";
    case MemoryUse::tail:
      return "tail";
  }
  return "";
}

std::uint64_t MemoryBudget::needed() const {
  std::uint64_t bytes = 0;
  for (const MemoryUse use : kMemoryUses) {
    // Most engines have no keys: nothing is set aside for them, though they may have their share.
    const std::uint64_t least = use == MemoryUse::keys ? 0 : reserve();
    bytes += use == MemoryUse::tail ? least : std::max(least, claimed(use));
  }
  return bytes;
}

bool MemoryBudget::has_room(MemoryUse use) const {
  return claimed(use) < reserve() || needed() < limit_;
}

bool MemoryBudget::room(MemoryUse use) {
  if (has_room(use)) return true;
  wanted_ = true;
  // What was given back before that was seen by nobody.
  return has_room(use);
}

std::uint64_t MemoryBudget::tail_limit() const {
  const std::uint64_t others = needed() - reserve();
  const std::uint64_t left = limit_ > others ? limit_ - others : 0;
  return std::clamp(left, reserve(), limit_ / 4);
}

void MemoryBudget::give_back(MemoryUse use, std::uint64_t bytes) {
  at(use).fetch_sub(static_cast<std::int64_t>(bytes));
  if (!wanted_.load() || use == MemoryUse::tail) return;
  // Not for every byte: whoever waits is to get something worth while.
  if (needed() + limit_ / 32 > limit_ && claimed(use) + reserve() / 2 > reserve()) return;
  if (wanted_.exchange(false) && on_room_) on_room_();
}

void MemoryClaim::set(std::uint64_t bytes) {
  const std::uint64_t before = std::exchange(bytes_, bytes);
  if (budget_ == nullptr || before == bytes) return;
  if (bytes > before)
    budget_->claim(use_, bytes - before);
  else
    budget_->give_back(use_, before - bytes);
}

std::uint64_t default_memory() {
  return std::clamp(std::min(machine_memory(), cgroup_limit()) / 4, 2 * MemoryBudget::kLeast,
                    kMostDefaultMemory);
}

}  // namespace pelton
