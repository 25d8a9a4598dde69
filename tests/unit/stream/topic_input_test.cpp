// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_input.h"

#include "tests/kafka/mock_cluster.h"
#include "tests/unit/store/store_fixture.h"
#include "tests/unit/stream/partition.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

#include <map>
#include <set>

namespace pelton::stream {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Takes whatever comes, and answers a revoke at once unless it is `busy`.
struct Reader final : Input::Listener {
  Input* input = nullptr;
  std::map<PartitionId, model::Restored> ours;
  std::map<PartitionId, Offset> next;
  std::vector<std::string> values;  // "partition:offset=data"
  std::vector<std::string> stops;
  std::set<PartitionId> leaving;
  bool busy = false;

  void assigned(PartitionId partition, const model::Restored& restored) override {
    ours[partition] = restored;
    next[partition] = restored.progress.settled;
  }
  void readable(PartitionId partition) override {
    while (const auto placed = input->next(partition, next[partition], Reads::within_memory)) {
      input->taken(partition, placed->base + placed->batch->span());
      for (std::size_t i = 0; i < placed->batch->size(); ++i)
        values.push_back(fmt::format("{}:{}={}", partition.value,
                                     placed->base + placed->batch->delta(i),
                                     placed->batch->data(i)));
      next[partition] = placed->base + placed->batch->span();
    }
  }
  void revoking(PartitionId partition) override {
    leaving.insert(partition);
    if (!busy) input->drained(partition);
  }
  void revoked(PartitionId partition) override { ours.erase(partition); }
  void stopped(PartitionId, const Error& error) override { stops.push_back(error.text()); }
};

// A topic "orders" of the mock cluster that binding "b" reads in group "billing".
class Topic : public store::StoreFixture {
 protected:
  struct Member {
    Reader reader;
    std::unique_ptr<TopicInput> input;
  };

  void SetUp() override {
    stream.partitions = 0;
    stream.topic = "orders";
    open();
    topic = cluster.topic("orders", partitions);
    loop.start();
  }
  void TearDown() override {
    members.clear();
    loop.stop();
    StoreFixture::TearDown();
  }

  TopicInput::Setup setup() {
    TopicInput::Setup setup{binding, "b", at().stream, topic, {}, {}, 100, 77};
    setup.group.group = "billing";
    setup.group.assignor = "range";
    setup.group.session_timeout = 6s;
    setup.group.commit_interval = 10ms;
    return setup;
  }
  Member& join(TopicInput::Setup setup) {
    auto& member = *members.emplace_back(std::make_unique<Member>());
    member.input = std::make_unique<TopicInput>(std::move(setup), *store, mailbox, io, loop);
    member.reader.input = member.input.get();
    if (auto ok = member.input->open(member.reader); !ok)
      throw std::runtime_error(ok.error().text());
    member.input->start();
    return member;
  }
  Member& join() { return join(setup()); }
  bool until(const std::function<bool()>& over) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!over() && std::chrono::steady_clock::now() < deadline) {
      io.restart();
      io.run_one_for(20ms);
    }
    return over();
  }
  bool until_ours(Member& member, std::size_t count = 1) {
    return until([&] { return member.reader.ours.size() == count; });
  }
  void produce(std::initializer_list<const char*> values, int partition = 0) {
    std::vector<test::MockCluster::Record> records;
    for (const char* value : values) records.push_back({"k", value});
    cluster.produce_all("orders", partition, records);
  }
  model::Transaction settled(Offset offset, std::vector<OffsetRange> completed = {}) {
    model::Transaction transaction;
    transaction.progress.push_back({binding, {at().stream, kP}, {offset, std::move(completed)}});
    return transaction;
  }
  // ... and the event at offset 0 is between attempts, of which three counted.
  model::Transaction with_retry(model::Transaction transaction) {
    model::RetryState state;
    state.attempts = 3;
    transaction.retries.push_back({binding, {at().stream, kP}, 0, std::move(state)});
    return transaction;
  }
  // What the settlement was answered with.
  std::optional<Status> settle(Member& member, model::Transaction transaction) {
    std::optional<Status> answer;
    member.input->settle(std::move(transaction), [&](Status status) { answer = status; });
    until([&] { return answer.has_value(); });
    return answer;
  }
  std::optional<Status> seek(Member& member, Offset offset) {
    std::optional<Status> answer;
    member.input->positions().seek(kP, offset, [&](Status status) { answer = status; });
    until([&] { return answer.has_value(); });
    return answer;
  }
  Positions::Extents ask_extents(Member& member) {
    std::optional<Result<Positions::Extents>> answer;
    member.input->positions().extents(std::nullopt, [&](auto told) { answer = std::move(told); });
    EXPECT_TRUE(until([&] { return answer.has_value(); }));
    return answer && *answer ? **answer : Positions::Extents{};
  }
  bool stop(Member& member) {
    bool stopped = false;
    member.input->stop(std::chrono::steady_clock::now() + 10s, [&] { stopped = true; });
    return until([&] { return stopped; });
  }

  test::MockCluster cluster;
  int partitions = 1;
  kafka::TopicOptions topic;
  boost::asio::io_context io;
  thread::Mailbox mailbox{io};
  kafka::PollLoop loop;
  std::vector<std::unique_ptr<Member>> members;
};

TEST_F(Topic, IsReadFromWhereTheGroupIs) {
  produce({"a", "b", "c"});
  cluster.commit("billing", "orders", 0, 1);
  Member& member = join();
  ASSERT_TRUE(until([&] { return member.reader.values.size() == 2; }));
  EXPECT_THAT(member.reader.values, ElementsAre("0:1=b", "0:2=c"));
  EXPECT_THAT(member.input->positions().partitions(), ElementsAre(kP));
  EXPECT_EQ(member.input->positions().end(kP), 3);
  EXPECT_EQ(member.input->trouble().what, "");
}

TEST_F(Topic, ASettlementIsAnsweredOnceItsOffsetIsCommitted) {
  produce({"a", "b", "c"});
  Member& member = join();
  ASSERT_TRUE(until_ours(member));
  EXPECT_TRUE(settle(member, settled(2)));
  EXPECT_EQ(cluster.committed("billing", "orders"), 2);
}

TEST_F(Topic, WhatIsSettledBeyondTheOffsetTravelsWithIt) {
  produce({"a", "b", "c", "d"});
  Member& first = join();
  ASSERT_TRUE(until_ours(first));
  ASSERT_TRUE(settle(first, settled(1, {{2, 3}})));
  ASSERT_TRUE(stop(first));
  auto other = setup();
  other.node = 78;
  Member& second = join(other);
  ASSERT_TRUE(until_ours(second));
  EXPECT_EQ(second.reader.ours[kP].progress, (model::Progress{1, {{2, 3}}}));
}

TEST_F(Topic, ADeadLetterIsInTheStoreBeforeItsOffsetIsCommitted) {
  produce({"a"});
  Member& member = join();
  ASSERT_TRUE(until_ours(member));
  auto transaction = settled(1);
  model::DeadLetter letter;
  letter.id = {binding, kP, 0, member.reader.ours[kP].stream};
  letter.reason = "failed";
  letter.event = batch({"a"});
  transaction.dead_letters.push_back(letter);
  ASSERT_TRUE(settle(member, std::move(transaction)));
  EXPECT_EQ(cluster.committed("billing", "orders"), 1);
  EXPECT_TRUE(*store->dead_letter(letter.id));
}

TEST_F(Topic, RetriesComeBackWhileTheLastCommitIsOurs) {
  produce({"a", "b"});
  Member& first = join();
  ASSERT_TRUE(until_ours(first));
  auto transaction = with_retry(settled(0, {{1, 2}}));
  ASSERT_TRUE(settle(first, std::move(transaction)));
  ASSERT_TRUE(stop(first));
  Member& second = join();
  ASSERT_TRUE(until_ours(second));
  ASSERT_EQ(second.reader.ours[kP].retries.size(), 1U);
  EXPECT_EQ(second.reader.ours[kP].retries[0].state->attempts, 3U);
}

TEST_F(Topic, AnotherClientsCommitVoidsWhatTheFolderKnows) {
  produce({"a", "b"});
  Member& first = join();
  ASSERT_TRUE(until_ours(first));
  auto transaction = with_retry(settled(0, {{1, 2}}));
  ASSERT_TRUE(settle(first, std::move(transaction)));
  ASSERT_TRUE(stop(first));
  members.clear();
  auto elsewhere = setup();
  elsewhere.group.group = "copy";
  cluster.commit("copy", "orders", 0, 0, "somebody else's");
  Member& second = join(elsewhere);
  ASSERT_TRUE(until_ours(second));
  EXPECT_THAT(second.reader.ours[kP].retries, IsEmpty());
  EXPECT_THAT(second.reader.ours[kP].progress.completed, IsEmpty());
}

TEST_F(Topic, ASeekIsDoneOnceTheGroupHasIt) {
  produce({"a", "b", "c"});
  Member& member = join();
  ASSERT_TRUE(until([&] { return member.reader.values.size() == 3; }));
  ASSERT_TRUE(settle(member, settled(3)));
  member.reader.values.clear();
  ASSERT_TRUE(seek(member, 1));
  EXPECT_EQ(cluster.committed("billing", "orders"), 1);
  ASSERT_TRUE(until([&] { return member.reader.values.size() == 2; }));
  EXPECT_THAT(member.reader.values, ElementsAre("0:1=b", "0:2=c"));
}

TEST_F(Topic, APartitionOfAnotherEngineCannotBeSought) {
  Member& member = join();
  ASSERT_TRUE(until_ours(member));
  std::optional<Status> answer;
  member.input->positions().seek(PartitionId{5}, 1, [&](Status status) { answer = status; });
  ASSERT_TRUE(until([&] { return answer.has_value(); }));
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().code, "E5022");
}

TEST_F(Topic, TheBrokersTellWhatAPartitionHolds) {
  produce({"a", "b", "c"});
  Member& member = join();
  ASSERT_TRUE(until_ours(member));
  const auto extents = ask_extents(member);
  ASSERT_EQ(extents.known.size(), 1U);
  EXPECT_EQ(extents.known.front().earliest, 0);
  EXPECT_EQ(extents.known.front().end, 3);
  EXPECT_TRUE(extents.missing.empty());
}

// A leader that is away keeps an operator from one partition, not from all.
TEST_F(Topic, APartitionWithoutALeaderIsNamed) {
  if (!test::MockCluster::can_lose_leaders_while_read())
    GTEST_SKIP() << "the mock cluster of this librdkafka cannot do this";
  topic = cluster.topic("wide", 3);
  Member& member = join();
  ASSERT_TRUE(until_ours(member, 3));
  cluster.set_leader("wide", 1, false);
  const auto extents = ask_extents(member);
  EXPECT_EQ(extents.known.size(), 2U);
  ASSERT_EQ(extents.missing.size(), 1U);
  EXPECT_EQ(extents.missing.front().partition, PartitionId{1});
  EXPECT_EQ(extents.missing.front().why.code, "E6101");
}

TEST_F(Topic, PartitionsOfOtherEnginesAreNamed) {
  topic = cluster.topic("shared", 2);
  Member& first = join();
  Member& second = join();
  ASSERT_TRUE(
      until([&] { return first.reader.ours.size() == 1 && second.reader.ours.size() == 1; }));
  const auto extents = ask_extents(first);
  ASSERT_EQ(extents.known.size(), 1U);
  EXPECT_EQ(extents.known.front().partition, first.reader.ours.begin()->first);
  ASSERT_EQ(extents.missing.size(), 1U);
  EXPECT_EQ(extents.missing.front().why.code, "E5022");
}

TEST_F(Topic, AnOffsetThatIsGoneStopsItsPartition) {
  produce({"a"});
  cluster.commit("billing", "orders", 0, 4711);
  Member& member = join();
  ASSERT_TRUE(until([&] { return !member.reader.stops.empty(); }));
  EXPECT_THAT(member.reader.stops.front(), HasSubstr("E6104"));
  ASSERT_TRUE(seek(member, 0));
  ASSERT_TRUE(until([&] { return member.reader.values.size() == 1; })) << "the operator's way out";
}

TEST_F(Topic, APartitionThatMovesIsHeldUntilItsWorkHasSettled) {
  Member& first = join();
  ASSERT_TRUE(until_ours(first));
  first.reader.busy = true;
  Member& second = join();
  ASSERT_TRUE(until([&] { return first.reader.leaving.contains(kP); }));
  EXPECT_TRUE(first.reader.ours.contains(kP)) << "it may still be settled";
  EXPECT_THAT(second.reader.ours, IsEmpty());
  first.input->drained(kP);
  // Either may have it in the end.
  ASSERT_TRUE(until([&] { return first.reader.ours.size() + second.reader.ours.size() == 1; }));
}

TEST_F(Topic, StoppingCommitsWhatIsSettledAndLeavesTheGroup) {
  produce({"a", "b"});
  auto lazy = setup();
  lazy.group.commit_interval = 1h;
  Member& member = join(lazy);
  ASSERT_TRUE(until_ours(member));
  member.input->settle(settled(2), [](const Status&) {});
  ASSERT_TRUE(stop(member));
  EXPECT_EQ(cluster.committed("billing", "orders"), 2);
}

TEST_F(Topic, BrokersThatAreAwayAreTroubleUntilTheyAreBack) {
  Member& member = join();
  ASSERT_TRUE(until_ours(member));
  cluster.set_down(true);
  ASSERT_TRUE(until([&] { return !member.input->trouble().what.empty(); }));
  EXPECT_FALSE(member.input->trouble().ended);
  cluster.set_down(false);
  produce({"a"});
  ASSERT_TRUE(until([&] { return member.input->trouble().what.empty(); }));
}

// What the folder knows of another cluster's topic of that name says nothing of this one's.
TEST_F(Topic, AnotherClustersTopicIsAnotherStream) {
  produce({"a"});
  Member& first = join();
  ASSERT_TRUE(until_ours(first));
  const Incarnation here = first.reader.ours[kP].stream;
  ASSERT_TRUE(stop(first));
  members.clear();
  ASSERT_TRUE(store->identify(at().stream, "elsewhere/orders"));
  auto transaction = settled(0, {{0, 1}});
  ASSERT_TRUE(commit(std::move(transaction), store::Origin::engine));
  Member& second = join();
  ASSERT_TRUE(until_ours(second));
  EXPECT_EQ(second.reader.ours[kP].stream, here) << "of the cluster, whatever came between";
  EXPECT_THAT(second.reader.ours[kP].progress.completed, IsEmpty());
}

}  // namespace
}  // namespace pelton::stream
