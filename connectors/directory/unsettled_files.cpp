// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/unsettled_files.h"

#include <algorithm>
#include <iterator>

namespace pelton::directory {
namespace {

constexpr std::chrono::milliseconds kAskEvery{50};
// A checkpoint has an entry a partition: beyond this number the newest group takes in what comes.
constexpr std::size_t kMaxGroups = 64;

}  // namespace

Status UnsettledFiles::add(std::vector<Taken> files) {
  if (files.empty()) return {};
  const std::size_t room = max_files_ - std::min(max_files_, newest_.size());
  if (files.size() > room) {
    left_out_ = true;
    files.resize(room);
  }
  if (files.empty()) return {};
  auto checkpoint = consumption_.now();
  if (!checkpoint) return std::unexpected(checkpoint.error());
  for (const Taken& file : files) newest_[file.name] = file.version;
  if (groups_.empty()) ask_again_ = {};
  if (groups_.size() < kMaxGroups) {
    groups_.push_back({std::move(*checkpoint), std::move(files)});
  } else {
    groups_.back().checkpoint = std::move(*checkpoint);
    std::ranges::move(files, std::back_inserter(groups_.back().files));
  }
  return {};
}

bool UnsettledFiles::contains(const Taken& file) const {
  const auto at = newest_.find(file.name);
  return at != newest_.end() && at->second == file.version;
}

Result<std::vector<Taken>> UnsettledFiles::take_settled(TimePoint now) {
  std::vector<Taken> settled;
  if (groups_.empty() || now < ask_again_) return settled;
  ask_again_ = now + kAskEvery;
  while (!groups_.empty()) {
    const auto reached = consumption_.settled(groups_.front().checkpoint);
    if (!reached) return std::unexpected(reached.error());
    if (!*reached) break;
    for (const Taken& file : groups_.front().files)
      if (contains(file)) newest_.erase(file.name);
    std::ranges::move(groups_.front().files, std::back_inserter(settled));
    groups_.pop_front();
  }
  return settled;
}

void UnsettledFiles::clear() {
  groups_.clear();
  newest_.clear();
  left_out_ = false;
}

}  // namespace pelton::directory
