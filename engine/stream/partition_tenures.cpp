// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/partition_tenures.h"

#include "engine/dispatch/retry_policy.h"

#include <algorithm>
#include <utility>

namespace pelton::stream {

std::unexpected<Error> PartitionTenures::not_ours(PartitionId partition) const {
  return fail(ErrorKind::unavailable, "E5022",
              "partition {} of {} is not assigned to this engine at the moment", partition.value,
              setup_.stream);
}

void PartitionTenures::begin(PartitionId partition, model::Restored restored) {
  const config::Retry& retry = setup_.dispatcher.options().delivery.retry;
  for (auto& update : restored.retries)
    if (update.state) dispatch::resume(*update.state, retry, setup_.clock.now());
  setup_.dispatcher.assign(partition, restored);
  open_.insert(partition);
}

// It is neither open nor drained any more.
void PartitionTenures::close(PartitionId partition) {
  open_.erase(partition);
  revoked_.erase(partition);
  if (const auto seek = seeks_.extract(partition)) seek.mapped().answer(not_ours(partition));
}

void PartitionTenures::revoke(PartitionId partition) {
  const bool ours = open(partition) || revoked_.contains(partition) || seeks_.contains(partition);
  if (!ours) return setup_.input.drained(partition);
  close(partition);
  revoked_.insert(partition);
  setup_.dispatcher.drain(partition);
}

void PartitionTenures::end(PartitionId partition) {
  close(partition);
  setup_.dispatcher.revoke(partition);
}

void PartitionTenures::seek(PartitionId partition, Offset offset, Answer answer) {
  if (seeks_.contains(partition))
    return answer(fail(ErrorKind::unavailable, "E5023",
                       "the offset of partition {} of {} is already being moved", partition.value,
                       setup_.stream));
  if (open_.erase(partition) == 0) return answer(not_ours(partition));
  setup_.dispatcher.drain(partition);
  seeks_[partition] = {offset, setup_.clock.now() + setup_.patience, std::move(answer),
                       setup_.positions.hold(partition, offset)};
}

std::vector<PartitionId> PartitionTenures::check() {
  const auto idle = [&](PartitionId partition) { return setup_.dispatcher.idle(partition); };
  std::vector<PartitionId> gone;
  std::ranges::copy_if(revoked_, std::back_inserter(gone), idle);
  for (const PartitionId partition : gone) {
    end(partition);
    setup_.input.drained(partition);
  }
  std::vector<PartitionId> again;
  for (auto next = seeks_.begin(); next != seeks_.end();) {
    const auto at = next++;
    const PartitionId partition = at->first;
    const bool drained = setup_.dispatcher.drained(partition);
    if (!drained && setup_.clock.now() < at->second.deadline) continue;
    const Seek seek = std::move(seeks_.extract(at).mapped());
    if (drained) {
      move(partition, seek);
      continue;
    }
    setup_.dispatcher.drain(partition, false);
    open_.insert(partition);
    again.push_back(partition);
    seek.answer(fail(ErrorKind::unavailable, "E5023",
                     "workers still have events of partition {} of {}; its offset was not moved",
                     partition.value, setup_.stream));
  }
  return again;
}

void PartitionTenures::move(PartitionId partition, const Seek& seek) {
  setup_.dispatcher.revoke(partition);
  setup_.positions.seek(
      partition, seek.offset,
      [held = seek.held, answer = seek.answer](Status done) { answer(std::move(done)); });
}

std::optional<WallTime> PartitionTenures::next_deadline() const {
  if (seeks_.empty()) return std::nullopt;
  const auto earlier = [](const auto& a, const auto& b) {
    return a.second.deadline < b.second.deadline;
  };
  return std::ranges::min_element(seeks_, earlier)->second.deadline;
}

}  // namespace pelton::stream
