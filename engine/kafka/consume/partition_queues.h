// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/memory_budget.h"
#include "engine/kafka/client/trouble.h"
#include "engine/kafka/consume/group_client.h"
#include "engine/kafka/records/record_decoder.h"
#include "engine/model/batch_builder.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pelton::kafka {

// The partitions that a member reads, a queue each: what is in the queues becomes batches for the
// listener, as much of each partition as its reader has room for. One whose reader has none is not
// polled while all the others are. When all that was fetched exceeds the budget, partitions whose
// readers have no room are not fetched either, and what waits of them in the client is thrown away;
// it is fetched again once there is room. One whose next record waits for its schema is read no
// further until the schema registry has answered. The loop's thread.
class PartitionQueues {
 public:
  // Who learns what concerns more than the records.
  struct Hooks {
    std::function<void(PartitionId)> gone;  // its position is not in the topic any more
    std::function<void(const Error&)> trouble;
  };
  PartitionQueues(GroupClient& client, PollLoop& loop, RecordListener& listener, Hooks hooks);
  ~PartitionQueues();
  PartitionQueues(const PartitionQueues&) = delete;
  PartitionQueues& operator=(const PartitionQueues&) = delete;

  // From now on the partition is read from there, in that tenure.
  void open(const Consumer::ReadFrom& start);
  void close(PartitionId partition);
  void clear();

  bool contains(PartitionId partition) const { return parts_.contains(partition); }
  bool current(PartitionId partition, std::uint64_t tenure) const;
  std::vector<PartitionId> partitions() const;
  Offset next(PartitionId partition) const { return parts_.at(partition).next; }

  // Everything that is there now. True: there may be more.
  bool serve();
  void taken(PartitionId partition, std::uint64_t tenure, std::size_t bytes);
  // Now and then: keeps what was fetched within the budget.
  void balance(std::chrono::steady_clock::time_point now);

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

  // Why partitions wait for schemas; empty: none does. Any thread.
  std::string waits_for_schemas() const { return schemas_.text(); }

 private:
  struct Part {
    std::uint64_t tenure = 0;
    Queue queue;
    std::size_t ahead = 0;   // bytes given to the listener and not taken
    std::size_t record = 0;  // bytes of one, as of the last batch
    Offset end = -1;
    Offset next = 0;      // to be fetched
    bool idle = false;    // not read until it is opened again
    bool gone = false;    // out of range: the brokers are asked where it may go on
    bool ended = false;   // ... and the client has ended its fetcher
    bool paused = false;  // the client does not fetch it
    Message held;         // the next record, which waits for its schema
  };

  using SteadyTime = std::chrono::steady_clock::time_point;

  std::size_t budget() const { return client_.setup().budget->of(parts_.size()); }
  std::size_t most_ahead() const;
  bool full(const Part& part) const;
  bool blocked(const Part& part) const { return part.held || full(part); }
  std::size_t waiting(const Part& part) const;  // in the client, estimated
  void set_ahead(Part& part, std::size_t bytes);
  std::size_t pause(std::size_t most, std::size_t held);
  void resume(std::size_t most, std::size_t held);
  void set_paused(PartitionId partition, Part& part, bool paused);
  bool fetch(PartitionId partition, Part& part);
  // Adds to the batch that is being built. False: the queue is empty.
  bool take(PartitionId partition, Part& part, Offset& base, Offset& end);
  bool take_record(Part& part, Message message, Offset& base);
  void hand_over(PartitionId partition, Part& part, Offset base);
  void on_message_error(PartitionId partition, Part& part, const rd_kafka_message_t& message);

  GroupClient& client_;
  PollLoop& loop_;
  RecordListener& listener_;
  const Hooks hooks_;
  RecordDecoder decoder_;
  Trouble schemas_;
  std::unique_ptr<schema::Registry::Subscription> news_;  // of schemas
  model::BatchBuilder builder_;
  std::map<PartitionId, Part> parts_;
  std::size_t ahead_ = 0;   // of all
  std::size_t record_ = 0;  // bytes of one, of any partition
  MemoryClaim claim_;       // for what waits in the client
  SteadyTime balanced_{};
  SteadyTime moved_{};  // when something was last given or taken
};

}  // namespace pelton::kafka
