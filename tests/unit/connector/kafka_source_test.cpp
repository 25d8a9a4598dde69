// SPDX-License-Identifier: Apache-2.0
#include "connectors/kafka/kafka_source.h"

#include "tests/kafka/mock_cluster.h"

#include <gmock/gmock.h>

namespace pelton::kafka_connector {
namespace {

using namespace std::chrono_literals;
using connector::Settlement;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct KafkaSourceTest : testing::Test {
  static constexpr auto kPatience = 30s;

  test::MockCluster cluster;
  SourceSetup setup;

  void SetUp() override {
    setup.topic = cluster.topic("orders", 2);
    setup.group.group = "archive";
    setup.group.assignor = "range";
    setup.group.session_timeout = 6s;
    setup.group.commit_interval = 1ms;
  }
  std::unique_ptr<KafkaSource> connected() {
    auto source = std::make_unique<KafkaSource>(setup);
    const auto ok = source->connect();
    EXPECT_TRUE(ok) << ok.error().text();
    return source;
  }
  void produce(int partition, std::initializer_list<const char*> values) {
    std::vector<test::MockCluster::Record> records;
    for (const char* value : values) records.push_back({"k", value});
    cluster.produce_all("orders", partition, records);
  }

  struct Read {
    connector::AckToken token = 0;
    std::vector<std::string> values;
    std::string error;
  };
  static Read read(KafkaSource& source, std::size_t most = 100) {
    model::BatchBuilder builder;
    Read read;
    const auto token = source.read(builder, most, 1 << 20, steady_clock::now() + 100ms);
    if (!token) read.error = token.error().text();
    if (!token || builder.empty()) return read;
    read.token = token->token;
    const auto batch = builder.finish();
    for (std::size_t i = 0; i < batch->size(); ++i) read.values.emplace_back(batch->data(i));
    return read;
  }
  static void settle(KafkaSource& source, const Read& read) {
    if (read.token == 0) return;
    EXPECT_TRUE(source.settle(read.token, Settlement::done));
  }
  // Reads until `over`, settling everything; the values.
  static std::vector<std::string> read_until(
      KafkaSource& source, const std::function<bool(const std::vector<std::string>&)>& over) {
    std::vector<std::string> all;
    const auto until = steady_clock::now() + kPatience;
    while (!over(all) && steady_clock::now() < until) {
      const Read one = read(source);
      all.insert(all.end(), one.values.begin(), one.values.end());
      settle(source, one);
    }
    return all;
  }
  static std::vector<std::string> read_count(KafkaSource& source, std::size_t count) {
    return read_until(source, [count](const auto& all) { return all.size() >= count; });
  }
  static Read first(KafkaSource& source, std::size_t most = 100) {
    const auto until = steady_clock::now() + kPatience;
    for (Read one; steady_clock::now() < until;)
      if (one = read(source, most); !one.values.empty()) return one;
    return {};
  }
  std::string warning(KafkaSource& source) {
    const auto until = steady_clock::now() + kPatience;
    while (steady_clock::now() < until) {
      read(source);
      if (auto warnings = source.take_warnings(); !warnings.empty()) return warnings.front();
    }
    return {};
  }
};

TEST_F(KafkaSourceTest, TheOffsetFollowsWhatIsSettled) {
  produce(0, {"a", "b"});
  auto source = connected();
  const Read one = first(*source);
  EXPECT_THAT(one.values, ElementsAre("a", "b"));
  EXPECT_EQ(cluster.committed("archive", "orders"), 0) << "where it began";
  ASSERT_TRUE(source->settle(one.token, Settlement::done));
  source->close();
  EXPECT_EQ(cluster.committed("archive", "orders"), 2);
}

TEST_F(KafkaSourceTest, WhatIsNotSettledComesAgain) {
  produce(0, {"a", "b", "c"});
  auto source = connected();
  const Read one = first(*source, 2);
  EXPECT_THAT(one.values, ElementsAre("a", "b"));
  ASSERT_TRUE(source->settle(one.token, Settlement::retry_later));
  EXPECT_THAT(read_count(*source, 3), ElementsAre("a", "b", "c"));
  source->close();
  EXPECT_EQ(cluster.committed("archive", "orders"), 3);
}

TEST_F(KafkaSourceTest, AReadKeepsToItsBounds) {
  produce(0, {"a", "b", "c", "d", "e"});
  auto source = connected();
  EXPECT_THAT(first(*source, 2).values, ElementsAre("a", "b"));
  EXPECT_THAT(first(*source, 1).values, ElementsAre("c"));
  EXPECT_THAT(first(*source).values, ElementsAre("d", "e"));
}

TEST_F(KafkaSourceTest, ASecondMemberBeginsWhereTheFirstHasSettled) {
  produce(0, {"a"});
  produce(1, {"b"});
  auto one = connected();
  EXPECT_EQ(read_count(*one, 2).size(), 2U);
  auto two = connected();
  // They take turns, as two engines would.
  Read theirs;
  const auto until = steady_clock::now() + kPatience;
  while (theirs.values.empty() && steady_clock::now() < until) {
    produce(0, {"x"});
    produce(1, {"x"});
    settle(*one, read(*one));
    theirs = read(*two);
  }
  EXPECT_THAT(theirs.values, testing::Each("x"));
  EXPECT_FALSE(theirs.values.empty());
}

TEST_F(KafkaSourceTest, StartLatestPassesOverWhatIsThere) {
  setup.start.kind = config::Start::Kind::latest;
  produce(0, {"old"});
  auto source = connected();
  read_until(*source, [&](const auto&) { return cluster.committed("archive", "orders") == 1; });
  produce(0, {"new"});
  EXPECT_THAT(read_count(*source, 1), ElementsAre("new"));
}

TEST_F(KafkaSourceTest, AnOffsetThatIsGoneIsReportedAndItsPartitionNotRead) {
  produce(0, {"a"});
  cluster.commit("archive", "orders", 0, 4711);
  auto source = connected();
  EXPECT_THAT(warning(*source), testing::AllOf(HasSubstr("E6104"), HasSubstr("4711")));
  produce(1, {"other"});
  EXPECT_THAT(read_count(*source, 1), ElementsAre("other"));
  source->close();
  EXPECT_EQ(cluster.committed("archive", "orders"), 4711) << "the operator's";
}

TEST_F(KafkaSourceTest, AnOffsetThatIsGoneIsReplacedAsThePolicySays) {
  setup.group.out_of_range = kafka::GroupOptions::OutOfRange::earliest;
  produce(0, {"a"});
  cluster.commit("archive", "orders", 0, 4711);
  auto source = connected();
  EXPECT_THAT(read_count(*source, 1), ElementsAre("a"));
  EXPECT_THAT(source->take_warnings(), ElementsAre(HasSubstr("E6104")));
}

TEST_F(KafkaSourceTest, BrokersThatAreAwayEndTheConnection) {
  auto source = connected();
  produce(0, {"a"});
  EXPECT_THAT(read_count(*source, 1), ElementsAre("a"));
  cluster.set_down(true);
  std::string error;
  const auto until = steady_clock::now() + kPatience;
  while (error.empty() && steady_clock::now() < until) error = read(*source).error;
  EXPECT_THAT(error, HasSubstr("E6101"));
  source->close();
  EXPECT_FALSE(source->connect());
  cluster.set_down(false);
  ASSERT_TRUE(source->connect());
  produce(0, {"b"});
  const auto again =
      read_until(*source, [](const auto& all) { return std::ranges::find(all, "b") != all.end(); });
  EXPECT_THAT(again, testing::Contains("b"));
}

TEST_F(KafkaSourceTest, LagIsWhatIsNotSettled) {
  produce(0, {"a", "b", "c"});
  auto source = connected();
  const Read one = first(*source);
  EXPECT_EQ(source->facts().behind, 3U);
  ASSERT_TRUE(source->settle(one.token, Settlement::done));
  EXPECT_EQ(source->facts().behind, 0U);
}

}  // namespace
}  // namespace pelton::kafka_connector
