// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/consume/consumer.h"
#include "tests/kafka/mock_cluster.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace pelton::kafka {

inline constexpr PartitionId kP{0};

// A member whose loop has a thread of its own, as in the engine; begins every partition where
// `where` says, in tenures from 1.
struct Member : RecordListener, GroupListener, CommitListener {
  std::mutex mutex;
  std::vector<std::string> values;
  std::map<PartitionId, std::uint64_t> tenures;
  std::uint64_t round = 0;
  Offset end = -1;
  std::map<std::uint64_t, Status> commits;
  std::vector<std::uint64_t> too_long;
  std::vector<std::string> waits, troubles;
  std::vector<PartitionId> gone, released;
  std::atomic<bool> left{false};
  bool idle = false;
  bool undecided = false;  // begins nothing
  std::atomic<int> calls{0};
  Consumer* consumer = nullptr;

  void assigning(GroupFacts group, std::uint64_t number) override {
    ++calls;
    std::lock_guard lock(mutex);
    round = number;
    std::vector<Consumer::ReadFrom> starts;
    for (const PartitionFacts& fact : group.facts)
      starts.push_back({fact.partition, ++tenures[fact.partition], fact.earliest, idle});
    if (!undecided) consumer->begin(number, std::move(starts));
  }
  void waiting(std::optional<Error> why) override {
    ++calls;
    std::lock_guard lock(mutex);
    waits.push_back(why ? why->text() : "");
  }
  void fetched(PartitionId partition, std::uint64_t tenure, Offset base, model::BatchPtr batch,
               Offset to) override {
    ++calls;
    std::lock_guard lock(mutex);
    if (tenures[partition] != tenure) return;
    for (std::size_t i = 0; i < batch->size(); ++i)
      values.push_back(fmt::format("{}={}", base + batch->delta(i), batch->data(i)));
    end = std::max(end, to);
  }
  void end_moved(PartitionId, Offset to) override {
    ++calls;
    std::lock_guard lock(mutex);
    end = std::max(end, to);
  }
  void passed(PartitionId, std::uint64_t, Offset, Offset) override { ++calls; }
  void revoking(std::vector<PartitionId> partitions) override {
    ++calls;
    {
      std::lock_guard lock(mutex);
      released.insert(released.end(), partitions.begin(), partitions.end());
    }
    consumer->release(std::move(partitions));
  }
  void lost(std::vector<PartitionId> partitions) override {
    ++calls;
    std::lock_guard lock(mutex);
    gone = std::move(partitions);
  }
  void trouble(const Error& error) override {
    ++calls;
    std::lock_guard lock(mutex);
    troubles.push_back(error.text());
  }
  void closed() override {
    ++calls;
    left = true;
  }
  void committed(std::uint64_t id, Status status) override {
    ++calls;
    std::lock_guard lock(mutex);
    commits[id] = std::move(status);
  }
  void metadata_too_long(std::uint64_t id) override {
    ++calls;
    std::lock_guard lock(mutex);
    too_long.push_back(id);
  }
};

struct GroupTest : testing::Test {
  test::MockCluster cluster;
  TopicOptions topic = cluster.topic("orders", 1);
  PollLoop loop;
  Member member;
  std::unique_ptr<Consumer> consumer;

  void join(const std::string& assignor = "range",
            std::chrono::seconds session = std::chrono::seconds(6)) {
    Consumer::Setup setup{topic.client, {}, topic.topic, {}};
    setup.group.group = "billing";
    setup.group.assignor = assignor;
    setup.group.session_timeout = session;
    auto made = Consumer::create(std::move(setup), loop, {member, member, member});
    ASSERT_TRUE(made) << made.error().text();
    consumer = std::move(*made);
    member.consumer = consumer.get();
    loop.start();
    consumer->subscribe();
  }
  template <typename Over>
  bool until(const Over& over) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (;;) {
      bool done = false;
      loop.run([&] {
        std::lock_guard lock(member.mutex);
        done = over();
      });
      if (done || std::chrono::steady_clock::now() > deadline) return done;
    }
  }
  std::vector<std::string> values() {
    std::lock_guard lock(member.mutex);
    return member.values;
  }
};

}  // namespace pelton::kafka
