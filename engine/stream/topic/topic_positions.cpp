// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_positions.h"

#include <algorithm>
#include <set>
#include <utility>

namespace pelton::stream {
namespace {

Error not_begun(PartitionId partition, const kafka::GroupFacts& group) {
  const bool silent = std::ranges::find(group.silent, partition) != group.silent.end();
  return {ErrorKind::unavailable, "E6140",
          fmt::format("this engine has the partition but has not begun to read it: {}",
                      silent && group.error ? group.error->message : "it is about to")};
}

// Partitions of the topic that were not asked about are not ours.
Result<Positions::Extents> extents_of(const kafka::GroupFacts& group) {
  if (group.error && group.facts.empty() && group.partitions == 0)
    return std::unexpected(*group.error);
  Positions::Extents extents;
  std::set<PartitionId> ours(group.unbegun.begin(), group.unbegun.end());
  for (const PartitionId partition : group.unbegun)
    extents.missing.push_back({partition, not_begun(partition, group)});
  for (const kafka::PartitionFacts& fact : group.facts) {
    if (!ours.insert(fact.partition).second) continue;
    extents.known.push_back({fact.partition, fact.earliest, fact.end, fact.at_time});
  }
  for (const PartitionId partition : group.silent) {
    if (ours.insert(partition).second) extents.missing.push_back({partition, *group.error});
  }
  for (std::uint32_t p = 0; p < group.partitions; ++p)
    if (!ours.contains(PartitionId{p}))
      extents.missing.push_back(
          {PartitionId{p},
           {ErrorKind::unavailable, "E5022", "another engine of the group has the partition"}});
  std::ranges::sort(extents.known, {}, &Positions::Bounds::partition);
  std::ranges::sort(extents.missing, {}, &Positions::Missing::partition);
  return extents;
}

}  // namespace

void TopicPositions::extents(std::optional<WallTime> time,
                             std::function<void(Result<Extents>)> answer) {
  auto told = [&mailbox = parts_.mailbox, answer = std::move(answer)](kafka::GroupFacts group) {
    mailbox.post([answer, group = std::move(group)] { answer(extents_of(group)); });
  };
  parts_.links.consumer->ask(partitions(), time, std::move(told));
}

void TopicPositions::seek(PartitionId partition, Offset offset, std::function<void(Status)> done) {
  parts_.settlements.after_letters([this, partition, offset, done = std::move(done)] {
    // What is settled beyond it is with the brokers.
    parts_.store.move(binding_, {stream_, partition}, offset, false,
                      [this, partition, offset, done](const Result<model::Progress>& stored) {
                        if (!stored) return done(std::unexpected(stored.error()));
                        moved(partition, offset, done);
                      });
  });
}

void TopicPositions::moved(PartitionId partition, Offset offset,
                           const std::function<void(Status)>& done) {
  if (parts_.progress.tenure(partition) == 0)
    return done(fail(ErrorKind::unavailable, "E5022", "partition {} has moved to another engine",
                     partition.value));
  // Answered like a settled event: once the brokers have it.
  parts_.settlements.expect(parts_.progress.move(partition, offset), done);
  parts_.records.move(partition, offset);
  parts_.links.consumer->seek({partition, parts_.progress.tenure(partition), offset});
  parts_.links.listener->assigned(partition,
                                  {{offset, {}}, {}, parts_.store.store().incarnation(stream_)});
  parts_.commits.commit();
}

}  // namespace pelton::stream
