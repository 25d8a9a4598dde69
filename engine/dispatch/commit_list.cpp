// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/commit_list.h"

#include "engine/base/ensure.h"

#include <algorithm>
#include <utility>

namespace pelton::dispatch {

void CommitList::add(const PartitionCommit& part, model::Transaction::ProgressUpdate&& progress) {
  current_.parts.push_back(part);
  transaction_.progress.push_back(std::move(progress));
}

void CommitList::emit(Commits& out) {
  if (transaction_.empty()) return;
  Pending& pending = pending_.emplace_back();
  pending.contents = std::exchange(current_, {});
  pending.bytes = model::bytes_of(transaction_);
  memory_.set(memory_.bytes() + pending.bytes);
  out.push_back({first_ + pending_.size() - 1, std::exchange(transaction_, {})});
}

CommitList::Durable CommitList::durable(CommitToken token) {
  ENSURE(!pending_.empty() && token == first_,
         "commits are confirmed in their order: {} is not next", token);
  Pending pending = std::move(pending_.front());
  pending_.pop_front();
  ++first_;
  memory_.set(memory_.bytes() - pending.bytes);
  return std::move(pending.contents);
}

bool CommitList::concern(PartitionId partition) const {
  return std::ranges::any_of(pending_, [&](const Pending& pending) {
    const auto& parts = pending.contents.parts;
    return std::ranges::find(parts, partition, &PartitionCommit::partition) != parts.end();
  });
}

}  // namespace pelton::dispatch
