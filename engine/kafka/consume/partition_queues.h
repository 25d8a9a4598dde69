// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/consume/group_client.h"
#include "engine/kafka/records/record_decoder.h"
#include "engine/model/batch_builder.h"

#include <functional>
#include <map>
#include <vector>

namespace pelton::kafka {

// The partitions that a member reads, a queue each: what is in the queues becomes batches for the
// listener, as much of each partition as its reader has room for. One whose reader has none is not
// polled while all the others are. The loop's thread.
class PartitionQueues {
 public:
  // Who learns what concerns more than the records.
  struct Hooks {
    std::function<void(PartitionId)> gone;  // its position is not in the topic any more
    std::function<void(const Error&)> trouble;
  };
  PartitionQueues(GroupClient& client, PollLoop& loop, RecordListener& listener, Hooks hooks);

  // From now on the partition is read from there, in that tenure.
  void open(const Consumer::ReadFrom& start);
  void close(PartitionId partition) { parts_.erase(partition); }
  void clear() { parts_.clear(); }

  bool contains(PartitionId partition) const { return parts_.contains(partition); }
  bool current(PartitionId partition, std::uint64_t tenure) const;
  std::vector<PartitionId> partitions() const;
  Offset next(PartitionId partition) const { return parts_.at(partition).next; }

  // Everything that is there now. True: there may be more.
  bool serve();
  void taken(PartitionId partition, std::uint64_t tenure, std::size_t bytes);

  // ---- positions that are gone: the partition rests until it is opened again
  // False: it rests already, or is not here.
  bool mark_gone(PartitionId partition);
  std::vector<PartitionId> gone() const;
  // The client has ended the partition's fetcher: only a new assignment starts another.
  bool ended(PartitionId partition) const;
  void restarted(PartitionId partition) { parts_.at(partition).ended = false; }

  // ---- ends
  // Tells the listener of ends that came with fetched records.
  void tell_ends();
  void tell_end(PartitionId partition, Offset end);
  // Those that nothing is fetched of now, whose ends the client does not learn.
  std::vector<PartitionId> resting() const;

 private:
  struct Part {
    std::uint64_t tenure = 0;
    Queue queue;
    std::size_t ahead = 0;  // bytes fetched and not taken
    Offset end = -1;
    Offset next = 0;     // to be fetched
    bool idle = false;   // not read until it is opened again
    bool gone = false;   // out of range: the brokers are asked where it may go on
    bool ended = false;  // ... and the client has ended its fetcher
  };

  std::size_t most_ahead() const;
  bool fetch(PartitionId partition, Part& part);
  // Adds to the batch that is being built. False: the queue is empty.
  bool take(PartitionId partition, Part& part, Offset& base, Offset& end);
  void hand_over(PartitionId partition, Part& part, Offset base);
  void on_message_error(PartitionId partition, Part& part, const rd_kafka_message_t& message);

  GroupClient& client_;
  PollLoop& loop_;
  RecordListener& listener_;
  const Hooks hooks_;
  RecordDecoder decoder_;
  model::BatchBuilder builder_;
  std::map<PartitionId, Part> parts_;
};

}  // namespace pelton::kafka
