// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/consumer.h"

#include "tests/kafka/mock_cluster.h"

#include <gmock/gmock.h>

#include <map>

namespace pelton::kafka {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::IsEmpty;

// Notes what it is told, and begins at the earliest offset, or not at all.
struct Observer final : RecordListener, GroupListener, CommitListener {
  PollLoop& loop;
  std::unique_ptr<Consumer> consumer;
  bool begins = true;
  std::uint64_t tenures = 0, round = 0;
  std::map<PartitionId, PartitionFacts> facts;
  std::map<PartitionId, std::uint64_t> tenure;
  std::vector<std::string> values;  // "partition:offset=data"
  std::size_t bytes = 0;            // fetched and not taken
  Offset end = -1;
  std::vector<PartitionId> revoked, gone;
  std::map<std::uint64_t, Status> commits;
  std::uint32_t original = 0;
  std::string waits;
  std::uint64_t too_long = 0;
  bool left = false;

  Observer(PollLoop& on, Consumer::Setup setup) : loop(on) {
    auto made = Consumer::create(std::move(setup), loop, {*this, *this, *this});
    if (!made) throw std::runtime_error(made.error().text());
    consumer = std::move(*made);
    consumer->subscribe();
  }

  void begin(std::function<Offset(const PartitionFacts&)> where) {
    std::vector<Consumer::ReadFrom> starts;
    for (const auto& [partition, fact] : facts)
      if (!tenure.contains(partition))
        starts.push_back({partition, tenure[partition] = ++tenures, where(fact), false});
    consumer->begin(round, std::move(starts));
  }
  void assigning(GroupFacts group, std::uint64_t number) override {
    if (std::exchange(round, number) != number) facts.clear();
    original = group.original_partitions;
    for (auto& each : group.facts) {
      facts[each.partition] = each;
      tenure.erase(each.partition);
    }
    if (begins) begin([](const PartitionFacts& fact) { return fact.earliest; });
  }
  void fetched(PartitionId partition, std::uint64_t of, Offset base, model::BatchPtr batch,
               Offset to) override {
    EXPECT_EQ(of, tenure[partition]);
    for (std::size_t i = 0; i < batch->size(); ++i)
      values.push_back(
          fmt::format("{}:{}={}", partition.value, base + batch->delta(i), batch->data(i)));
    bytes += batch->bytes().size();
    end = to;
  }
  void end_moved(PartitionId, Offset to) override { end = to; }
  void passed(PartitionId, std::uint64_t, Offset, Offset) override {}
  // Releases what is being revoked, if anything is.
  void give_back() {
    if (revoked.empty()) return;
    facts.clear();
    consumer->release(std::exchange(revoked, {}));
  }
  void revoking(std::vector<PartitionId> partitions) override { revoked = std::move(partitions); }
  void lost(std::vector<PartitionId> partitions) override { gone = std::move(partitions); }
  void waiting(std::optional<Error> why) override { waits = why ? why->text() : ""; }
  void committed(std::uint64_t id, Status status) override { commits[id] = std::move(status); }
  void metadata_too_long(std::uint64_t id) override { too_long = id; }
  void trouble(const Error&) override {}
  void closed() override { left = true; }
};

struct ConsumerTest : testing::Test {
  test::MockCluster cluster;
  TopicOptions topic = cluster.topic("orders", 2);
  PollLoop loop;

  Consumer::Setup setup() {
    Consumer::Setup setup{topic.client, {}, topic.topic, {}};
    setup.group.group = "billing";
    setup.group.assignor = "range";
    setup.group.session_timeout = 6s;
    return setup;
  }
  bool until(const std::function<bool()>& over) {
    const auto deadline = steady_clock::now() + 30s;
    while (!over() && steady_clock::now() < deadline) loop.turn(20ms);
    return over();
  }
  void produce(int partition, std::initializer_list<const char*> values) {
    std::vector<test::MockCluster::Record> records;
    for (const char* value : values) records.push_back({"k", value});
    cluster.produce_all("orders", partition, records);
  }
};

TEST_F(ConsumerTest, SaysWhatTheBrokersKnowAndReadsFromWhereItIsTold) {
  produce(0, {"a", "b", "c"});
  cluster.commit("billing", "orders", 0, 1, "note");
  Observer member(loop, setup());
  member.begins = false;
  ASSERT_TRUE(until([&] { return member.facts.size() == 2; }));
  const PartitionFacts& facts = member.facts[PartitionId{0}];
  EXPECT_EQ(facts.committed, 1);
  EXPECT_EQ(facts.metadata, "note");
  EXPECT_EQ(facts.earliest, 0);
  EXPECT_EQ(facts.end, 3);
  EXPECT_FALSE(member.facts[PartitionId{1}].committed);
  EXPECT_THAT(member.values, IsEmpty()) << "not before begin()";
  member.begin([](const PartitionFacts& fact) { return fact.committed.value_or(0); });
  ASSERT_TRUE(until([&] { return member.values.size() >= 2; }));
  EXPECT_THAT(member.values, ElementsAre("0:1=b", "0:2=c"));
  EXPECT_EQ(member.end, 3);
}

TEST_F(ConsumerTest, CommitsOffsetsWithTheirMetadata) {
  Observer member(loop, setup());
  ASSERT_TRUE(until([&] { return member.facts.size() == 2; }));
  member.consumer->commit(7, {{PartitionId{1}, 5, "pelton2:x"}});
  ASSERT_TRUE(until([&] { return member.commits.contains(7); }));
  EXPECT_TRUE(member.commits[7]);
  EXPECT_EQ(cluster.committed("billing", "orders", 1), 5);
  std::optional<GroupFacts> answer;
  member.consumer->ask({PartitionId{1}}, std::nullopt, [&](auto group) {
    loop.post([&, group = std::move(group)]() mutable { answer = std::move(group); });
  });
  ASSERT_TRUE(until([&] { return answer.has_value(); }));
  ASSERT_EQ(answer->facts.size(), 1U);
  EXPECT_EQ(answer->facts[0].metadata, "pelton2:x");
}

TEST_F(ConsumerTest, APositionThatIsGoneIsAskedFor) {
  produce(0, {"a"});
  Observer member(loop, setup());
  member.begins = false;
  ASSERT_TRUE(until([&] { return member.facts.size() == 2; }));
  member.begin([](const PartitionFacts&) { return 4711; });
  member.facts.clear();
  member.begins = true;
  ASSERT_TRUE(until([&] { return !member.values.empty(); }));
  EXPECT_THAT(member.values, ElementsAre("0:0=a")) << "where the listener then began";
}

TEST_F(ConsumerTest, ASeekMovesAPartitionInANewTenure) {
  produce(0, {"a", "b"});
  Observer member(loop, setup());
  ASSERT_TRUE(until([&] { return member.values.size() == 2; }));
  member.values.clear();
  member.consumer->seek({PartitionId{0}, member.tenure[PartitionId{0}] = 100, 1, false});
  ASSERT_TRUE(until([&] { return !member.values.empty(); }));
  EXPECT_THAT(member.values, ElementsAre("0:1=b"));
}

TEST_F(ConsumerTest, WhatIsNotTakenIsBounded) {
  const std::string large(100'000, 'x');
  for (int i = 0; i < 12; ++i) produce(0, {large.c_str()});
  auto bounded = setup();
  bounded.budget = std::make_shared<FetchBudget>(512U << 10);
  Observer member(loop, std::move(bounded));
  // Half of what each of the two partitions may have, and the batch that goes beyond it.
  ASSERT_TRUE(until([&] { return member.bytes >= 128U << 10; }));
  const std::size_t given = member.values.size();
  EXPECT_LT(given, 12U);
  for (int i = 0; i < 20; ++i) loop.turn(5ms);
  EXPECT_EQ(member.values.size(), given) << "nothing more until some is taken";
  const auto take = [&] {
    member.consumer->taken(PartitionId{0}, member.tenure[PartitionId{0}],
                           std::exchange(member.bytes, 0));
    return member.values.size() == 12;
  };
  EXPECT_TRUE(until(take));
}

TEST_F(ConsumerTest, AMembershipEndsWithItsTenures) {
  Observer member(loop, setup());
  ASSERT_TRUE(until([&] { return member.facts.size() == 2; }));
  const auto ask = [&](std::uint64_t tenure) {
    std::optional<bool> good;
    member.consumer->membership({{PartitionId{0}, tenure}},
                                [&](auto metadata) { good = metadata.has_value(); });
    EXPECT_TRUE(until([&] { return good.has_value(); }));
    return *good;
  };
  EXPECT_TRUE(ask(member.tenure[PartitionId{0}]));
  EXPECT_FALSE(ask(4711));
}

TEST_F(ConsumerTest, PartitionsAreGivenBackOnceTheyAreReleased) {
  Observer one(loop, setup());
  ASSERT_TRUE(until([&] { return one.facts.size() == 2; }));
  Observer two(loop, setup());
  ASSERT_TRUE(until([&] { return !one.revoked.empty(); }));
  EXPECT_EQ(one.revoked.size(), 2U) << "an eager assignor takes all";
  for (int i = 0; i < 20; ++i) loop.turn(5ms);
  EXPECT_THAT(two.facts, IsEmpty()) << "nobody else's before release()";
  // Members may come and go in several rounds until each has its share.
  ASSERT_TRUE(until([&] {
    one.give_back();
    two.give_back();
    return one.facts.size() == 1 && two.facts.size() == 1;
  }));
  EXPECT_NE(one.facts.begin()->first, two.facts.begin()->first);
  EXPECT_THAT(one.gone, IsEmpty()) << "given back in order, not lost";
}

TEST_F(ConsumerTest, APartitionWithoutALeaderKeepsNoOtherFromBeginning) {
  for (const char* assignor : {"range", "cooperative-sticky"}) {
    const std::string name = std::string("of-") + assignor;
    auto of = setup();
    of.topic = cluster.topic(name, 3).topic;
    of.group.group = name;
    of.group.assignor = assignor;
    for (int p = 0; p < 3; ++p) cluster.produce_all(name, p, {{"k", "a"}, {"k", "b"}});
    cluster.set_leader(name, 1, false);
    Observer member(loop, std::move(of));
    ASSERT_TRUE(until([&] { return member.values.size() == 4; })) << assignor;
    EXPECT_FALSE(member.facts.contains(PartitionId{1}));
    EXPECT_NE(member.waits, "");
    cluster.set_leader(name, 1, true);
    ASSERT_TRUE(until([&] { return member.values.size() == 6; })) << assignor;
    EXPECT_EQ(member.waits, "");
    cluster.produce_all(name, 0, {{"k", "c"}});
    ASSERT_TRUE(until([&] { return member.values.size() == 7; })) << assignor;
    std::ranges::sort(member.values);
    EXPECT_THAT(member.values,
                ElementsAre("0:0=a", "0:1=b", "0:2=c", "1:0=a", "1:1=b", "2:0=a", "2:1=b"));
  }
}

TEST_F(ConsumerTest, TellsHowManyPartitionsTheGroupBeganWith) {
  Observer member(loop, setup());
  ASSERT_TRUE(until([&] { return member.facts.size() == 2; }));
  EXPECT_EQ(member.original, 2U);
  EXPECT_FALSE(member.facts[PartitionId{0}].added || member.facts[PartitionId{1}].added);
}

TEST_F(ConsumerTest, APartitionBehindTheHighestThatWasCommittedWasAddedLater) {
  cluster.commit("billing", "orders", 0, 0, "of another client");
  Observer member(loop, setup());
  ASSERT_TRUE(until([&] { return member.facts.size() == 2; }));
  EXPECT_EQ(member.original, 1U);
  EXPECT_FALSE(member.facts[PartitionId{0}].added);
  EXPECT_TRUE(member.facts[PartitionId{1}].added);
}

TEST_F(ConsumerTest, CloseLeavesTheGroup) {
  Observer member(loop, setup());
  ASSERT_TRUE(until([&] { return member.facts.size() == 2; }));
  member.consumer->close();
  EXPECT_TRUE(until([&] { return member.left; }));
  EXPECT_EQ(member.gone.size(), 2U) << "nothing may be committed any more";
}

}  // namespace
}  // namespace pelton::kafka
