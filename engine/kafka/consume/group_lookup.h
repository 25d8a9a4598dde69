// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/handles.h"
#include "engine/kafka/client/poll_loop.h"
#include "engine/kafka/consume/consumer.h"
#include "engine/kafka/consume/group_facts.h"

#include <atomic>
#include <future>
#include <set>

namespace pelton::kafka {

// Asks the brokers about partitions of a group on short-lived threads, because that blocks, and
// asks again until each has answered. A round ends with the next rebalance; its answers are out of
// date then. On the loop's thread but for what says otherwise.
class GroupLookup {
 public:
  // Once or more often in a round, on the loop's thread: some of what was asked. Not when the loop
  // or the round has ended.
  using Answer = std::function<void(GroupFacts&&)>;

  GroupLookup(const Consumer::Setup& setup, PollLoop& loop, GroupListener& listener)
      : setup_(setup), loop_(loop), listener_(listener) {}

  // Before all else. The weak owner is alive when `answer` is called.
  void open(rd_kafka_t* client, std::weak_ptr<void> owner, Answer answer);
  void close();  // any thread; waits for what is being asked
  std::uint64_t round() const { return round_; }
  void next_round();
  // Those that are not being asked for already.
  void start(std::vector<PartitionId> partitions);
  // Nothing more is asked for: whoever was told to wait hears that this is over.
  void rest();
  void ask(std::vector<PartitionId> partitions, std::optional<WallTime> time,
           std::function<void(GroupFacts)> answer);
  void ask_committed(std::vector<PartitionId> partitions,
                     std::function<void(Result<std::vector<OffsetCommit>>)> answer);
  // The ends of those whose leaders answer; on the loop's thread, unless that has ended.
  void ask_ends(std::vector<PartitionId> partitions,
                std::function<void(const std::vector<PartitionFacts>&)> answer);

 private:
  void in_background(std::function<void()> work);
  void look_up(std::vector<PartitionId> partitions, std::uint64_t round);
  void on_answers(GroupFacts&& group);

  const Consumer::Setup& setup_;
  PollLoop& loop_;
  GroupListener& listener_;
  rd_kafka_t* client_ = nullptr;
  std::weak_ptr<void> owner_;
  Answer answer_;
  std::atomic<std::uint64_t> round_{0};
  std::set<PartitionId> asking_;            // in this round
  bool waiting_ = false;                    // for some of these, as the listener knows
  std::vector<std::future<void>> lookups_;  // their destructors wait
};

}  // namespace pelton::kafka
