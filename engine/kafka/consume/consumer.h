// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/client_config.h"
#include "engine/kafka/client/group_metadata.h"
#include "engine/kafka/client/poll_loop.h"
#include "engine/kafka/consume/fetch_budget.h"
#include "engine/kafka/consume/group_facts.h"
#include "engine/kafka/consume/listeners.h"
#include "engine/kafka/options.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pelton::kafka {

// A member of a consumer group: one a binding and engine, whatever the number of partitions. Each
// partition has a queue of its own, so that one whose window is full is simply not polled while all
// the others are; nothing is paused and nothing that was fetched is thrown away.
//
// Methods: any thread.
class Consumer {
 public:
  struct Setup {
    ClientOptions client;
    GroupOptions group;
    std::string topic;
    std::optional<WallTime> start_time;  // asked for when partitions are assigned
    // Bounds what was fetched and not taken(), of all consumers that have it.
    std::shared_ptr<FetchBudget> budget = std::make_shared<FetchBudget>(16U << 20);
    std::optional<schema::SchemaOptions> schemas{};  // of the topic's values
  };
  // invalid: the configuration; unavailable: no client could be made.
  static Result<std::unique_ptr<Consumer>> create(Setup setup, PollLoop& loop,
                                                  ConsumerListeners listeners);
  // Waits for the loop's thread, but for no broker: the listeners hear nothing after that, and
  // nobody is answered.
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  void subscribe();
  struct ReadFrom {
    PartitionId partition;
    std::uint64_t tenure = 0;
    Offset offset = 0;
    bool idle = false;
  };
  // Answer to one assigning(), all of its facts. An idle one is ours and not read until seek().
  void begin(std::uint64_t round, std::vector<ReadFrom> starts);
  void seek(ReadFrom start);
  // Asks the brokers again where the partition is; assigning() follows. It is not read until
  // then.
  void read_again(PartitionId partition);
  // `bytes` of what was fetched are out of the way: as much may come.
  void taken(PartitionId partition, std::uint64_t tenure, std::size_t bytes);
  // Answered by committed(id). One at a time.
  void commit(std::uint64_t id, std::vector<OffsetCommit> positions);
  // The member that we are, for a transaction that commits offsets of these tenures; answered on
  // the loop's thread. unavailable: one of them is over.
  struct Tenure {
    PartitionId partition;
    std::uint64_t number = 0;
  };
  void membership(std::vector<Tenure> tenures,
                  std::move_only_function<void(Result<GroupMetadata>)> answer);
  void release(std::vector<PartitionId> partitions);
  // What the brokers know of the partitions now, and of those that have not begun; answered on the
  // loop's thread.
  void ask(std::vector<PartitionId> partitions, std::optional<WallTime> time,
           std::function<void(GroupFacts)> answer);
  // What the group has committed of them; likewise.
  void ask_committed(std::vector<PartitionId> partitions,
                     std::function<void(Result<std::vector<OffsetCommit>>)> answer);
  // Leaves the group (a static member stays in it) and answers closed().
  void close();
  // Why partitions wait for the schemas of their records; empty: none does.
  std::string waits_for_schemas() const;

 private:
  class Impl;
  // Two own it: this, and the calls that are on their way to the loop.
  explicit Consumer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace pelton::kafka
