// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/pending_commits.h"

#include "engine/base/ensure.h"

#include <algorithm>
#include <utility>

namespace pelton::dispatch {

CommitToken PendingCommits::add(Entry&& entry) {
  memory_.set(memory_.bytes() + entry.bytes);
  entries_.push_back(std::move(entry));
  return first_ + entries_.size() - 1;
}

PendingCommits::Entry PendingCommits::durable(CommitToken token) {
  ENSURE(!entries_.empty() && token == first_,
         "commits are confirmed in their order: {} is not next", token);
  Entry entry = std::move(entries_.front());
  entries_.pop_front();
  ++first_;
  memory_.set(memory_.bytes() - entry.bytes);
  return entry;
}

bool PendingCommits::concern(PartitionId partition) const {
  return std::ranges::any_of(entries_, [&](const Entry& entry) {
    return std::ranges::find(entry.parts, partition, &Part::partition) != entry.parts.end();
  });
}

}  // namespace pelton::dispatch
