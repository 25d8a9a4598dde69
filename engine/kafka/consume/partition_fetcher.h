// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/client_config.h"
#include "engine/kafka/client/handles.h"
#include "engine/kafka/options.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

namespace pelton::kafka {

// What a reader in no group has: a client, and partitions of one topic that are fetched from where
// they were last moved to. Blocks only in next(). One thread at a time. For the .cpp files of this
// folder only.
class PartitionFetcher {
 public:
  // A reader that often waits at the end of a partition and asks the broker for more than records
  // is `eager`: its fetches do not keep the broker waiting.
  enum class Pace { patient, eager };
  // `gone`: what becomes of a position that is not in the topic any more.
  PartitionFetcher(TopicOptions topic, Gone gone, Pace pace)
      : topic_(std::move(topic)), gone_(gone), pace_(pace) {}
  ~PartitionFetcher();
  PartitionFetcher(const PartitionFetcher&) = delete;
  PartitionFetcher& operator=(const PartitionFetcher&) = delete;

  // Brokers are not asked yet. Once is enough. invalid (E6102): the configuration.
  Status open();
  const std::string& topic() const { return topic_.topic; }
  rd_kafka_t* client() const { return client_; }
  // Answers the client's questions, and says what it complained of since the last record; empty:
  // nothing.
  const std::string& serve();

  // From now on the partition is fetched from there, and others may be left: of the partitions that
  // are fetched, at most kMostWaiting have records waiting. One that is at most `skip` records
  // behind goes on instead: passing over them is quicker.
  Status move_to(PartitionId partition, Offset from, Offset skip = 0);
  // It is fetched, and the next record is at `from` or later.
  bool at(PartitionId partition, Offset from) const {
    const auto found = parts_.find(partition);
    return found != parts_.end() && found->second.next == from;
  }
  void leave(PartitionId partition);
  void leave_all();
  std::size_t fetched() const { return parts_.size(); }
  // Of one that is fetched: the offset behind the last record that came, or where it was moved to.
  Offset position(PartitionId partition) const { return parts_.at(partition).next; }
  // The next of a partition that is fetched: a record, its end, an error; null: nothing in time.
  Message next(PartitionId partition, std::chrono::milliseconds wait);
  // The newest end of the partition that came with a fetch; -1: none yet.
  Offset end(PartitionId partition) const;

  static constexpr std::size_t kMostWaiting = 8;

 private:
  // Leaves partitions that have records waiting, which are fetched again when they are asked for.
  void make_room();

  struct Part {
    Queue queue;
    Offset next = 0;
  };

  const TopicOptions topic_;
  const Gone gone_;
  const Pace pace_;
  rd_kafka_t* client_ = nullptr;
  Queue events_;  // everything but records
  TopicHandle handle_;
  std::map<PartitionId, Part> parts_;
  std::string trouble_;
};

}  // namespace pelton::kafka
