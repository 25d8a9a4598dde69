// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/handles.h"
#include "engine/kafka/client/poll_loop.h"
#include "engine/kafka/consume/consumer.h"
#include "engine/kafka/consume/group_facts.h"

#include <atomic>
#include <memory>
#include <set>

namespace pelton::kafka {

// Asks the brokers about partitions of a group in the loop's background, because that blocks, and
// asks again until each has answered. A round ends with the next rebalance; its answers are out of
// date then. On the loop's thread, where also all answers come, but for what says otherwise. A
// question that is under way holds the owner, and nobody waits for it.
class GroupLookup {
 public:
  // Once or more often in a round: some of what was asked. Not when the round has ended.
  using Answer = std::function<void(GroupFacts&&)>;

  GroupLookup(const Consumer::Setup& setup, PollLoop& loop, GroupListener& listener)
      : setup_(setup), loop_(loop), listener_(listener) {}

  // Before all else. The owner has the client, and this.
  void open(rd_kafka_t* client, std::weak_ptr<void> owner, Answer answer);
  // Any thread: nothing is asked again.
  void give_up() { ++round_; }
  // Nobody is answered any more.
  void close();
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
  // The ends of those whose leaders answer.
  void ask_ends(std::vector<PartitionId> partitions,
                std::function<void(const std::vector<PartitionFacts>&)> answer);
  // What the topic is now; empty: not known.
  void ask_topic_id(std::function<void(const std::string&)> answer);

 private:
  template <typename Ask, typename Then>
  void in_background(Ask ask, Then then);
  // Until nobody waits for the answer: whoever asked has gone, the loop ends, the round is over.
  Patience patience(std::chrono::milliseconds time,
                    std::optional<std::uint64_t> round = std::nullopt) const;
  void look_up(std::vector<PartitionId> partitions, std::chrono::milliseconds pause);
  void on_answers(GroupFacts&& group);

  const Consumer::Setup& setup_;
  PollLoop& loop_;
  GroupListener& listener_;
  rd_kafka_t* client_ = nullptr;
  std::weak_ptr<void> owner_;
  Answer answer_;
  std::atomic<std::uint64_t> round_{0};
  std::set<PartitionId> asking_;  // in this round
  bool waiting_ = false;          // for some of these, as the listener knows
  std::atomic<bool> closed_{false};
};

}  // namespace pelton::kafka
