// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_positions.h"

#include <utility>

namespace pelton::stream {

void TopicPositions::bounds(std::optional<WallTime> time,
                            std::function<void(Result<std::vector<Bounds>>)> answer) {
  auto told = [&mailbox = parts_.mailbox, answer = std::move(answer)](kafka::GroupFacts group) {
    mailbox.post([answer, group = std::move(group)] {
      if (group.error) return answer(std::unexpected(*group.error));
      std::vector<Bounds> all;
      for (const kafka::PartitionFacts& fact : group.facts)
        all.push_back({fact.partition, fact.earliest, fact.end, fact.at_time});
      answer(std::move(all));
    });
  };
  parts_.links.consumer->ask(partitions(), time, std::move(told));
}

void TopicPositions::seek(PartitionId partition, Offset offset, std::function<void(Status)> done) {
  parts_.settlements.after_letters([this, partition, offset, done = std::move(done)] {
    parts_.store.move(binding_, {stream_, partition}, offset,
                      [this, partition, offset, done](Status status) {
                        if (!status) return done(status);
                        moved(partition, offset, done);
                      });
  });
}

void TopicPositions::moved(PartitionId partition, Offset offset,
                           const std::function<void(Status)>& done) {
  if (parts_.progress.tenure(partition) == 0)
    return done(fail(ErrorKind::unavailable, "E5022",
                     "partition {} went to another engine meanwhile", partition.value));
  // Answered like a settled event: once the brokers have it.
  parts_.settlements.expect(parts_.progress.move(partition, offset), done);
  parts_.records.move(partition, offset);
  parts_.links.consumer->seek({partition, parts_.progress.tenure(partition), offset});
  parts_.links.listener->assigned(partition,
                                  {{offset, {}}, {}, parts_.store.store().incarnation(stream_)});
  parts_.commits.commit();
}

}  // namespace pelton::stream
