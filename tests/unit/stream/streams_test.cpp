// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/streams.h"

#include "engine/stream/topic/transactional_output.h"
#include "tests/kafka/mock_cluster.h"
#include "tests/unit/store/store_fixture.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

#include <future>

namespace pelton::stream {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = ReadRequest::From::Kind;

// Two embedded streams, "s" and "out", and two topics, "orders" and "bills".
class StreamsTest : public store::StoreFixture {
 protected:
  void SetUp() override {
    config.streams.push_back(embedded("s", 2));
    config.streams.push_back(embedded("out", 3));
    config.streams.push_back(topic("orders"));
    config.streams.push_back(topic("bills"));
    std::vector<store::StreamSpec> specs;
    for (const config::Stream& each : config.streams) {
      auto& spec = specs.emplace_back();
      spec.name = each.name;
      spec.partitions = each.partitions;
      spec.bindings = {"b"};
      if (each.kafka) spec.topic = each.kafka->name;
    }
    store = std::move(*store::Store::open(options, specs));
    binding = *store->binding_id("b");
    streams = std::make_unique<Streams>(
        Streams::Setup{*store, memory, mailbox, io, reader, feed, kafka, letters});
    streams->set(config.streams);
    streams->publish(config.streams);
  }
  void TearDown() override {
    streams.reset();
    kafka.stop();
    letters.stop();
    StoreFixture::TearDown();
  }

  static config::Stream embedded(const std::string& name, std::uint32_t partitions) {
    config::Stream made;
    made.name = name;
    made.partitions = partitions;
    return made;
  }
  config::Stream topic(const std::string& name) {
    config::Stream made = embedded(name, 0);
    made.kafka = config::Topic{cluster.topic(name), name, {}};
    return made;
  }
  Result<Connections> connect(const std::string& from, std::vector<std::string> to,
                              bool exactly_once = false) {
    bound = config::default_binding("b");
    bound.from = from;
    bound.to = to;
    bound.exactly_once = exactly_once;
    bound.kafka.group = "billing";
    Route route{bound, binding, *store->find_stream(from), *config.find_stream(from), {}};
    for (const std::string& name : to) route.to.push_back(config.find_stream(name));
    return streams->connect(route);
  }
  // Topics answer on the mailbox's thread, which is this one; the store on its own.
  template <typename T, typename Ask>
  Result<T> wait(Ask ask) {
    std::promise<Result<T>> answer;
    ask(Answer<T>([&](Result<T> result) { answer.set_value(std::move(result)); }));
    auto future = answer.get_future();
    while (future.wait_for(0s) != std::future_status::ready) io.run_one_for(10ms);
    return future.get();
  }
  Result<std::vector<Produced>> produce(const std::string& name, model::BatchPtr events,
                                        std::optional<std::uint32_t> partition = {}) {
    return wait<std::vector<Produced>>([&](auto answer) {
      streams->produce(name, std::move(events), partition, std::move(answer));
    });
  }
  Result<ReadAnswer> read(const std::string& name, const ReadRequest& request) {
    auto opened = streams->reader(name);
    if (!opened) return std::unexpected(opened.error());
    return wait<ReadAnswer>([&](auto answer) { (*opened)->read(request, std::move(answer)); });
  }
  static std::vector<std::string> values(const ReadAnswer& page) {
    std::vector<std::string> out;
    for (const auto& placed : page.batches)
      for (std::size_t i = 0; i < placed.batch->size(); ++i)
        if (placed.base + placed.batch->delta(i) >= page.from)
          out.emplace_back(placed.batch->data(i));
    return out;
  }

  test::MockCluster cluster;
  config::Config config;
  config::Binding bound;
  MemoryBudget memory{256U << 20};
  boost::asio::io_context io;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> open{io.get_executor()};
  thread::Mailbox mailbox{io};
  thread::JobThread reader;
  AppendFeed feed{mailbox, &memory};
  kafka::PollLoop kafka;
  dead_letters::DeadLetters letters{kafka};
  std::unique_ptr<Streams> streams;
};

TEST_F(StreamsTest, OutputsToAnEmbeddedStreamArePartOfTheSettlements) {
  for (const char* from : {"s", "orders"}) {
    const auto ends = connect(from, {"out"});
    ASSERT_TRUE(ends) << ends.error().text();
    EXPECT_EQ(ends->output, nullptr);
    ASSERT_EQ(ends->outputs.size(), 1U);
    EXPECT_EQ(ends->outputs[0].stream, *store->find_stream("out"));
    EXPECT_EQ(ends->outputs[0].partitions, 3U);
  }
}

TEST_F(StreamsTest, OutputsToATopicGoThereFirst) {
  for (const char* from : {"s", "orders"}) {
    const auto ends = connect(from, {"bills"});
    ASSERT_TRUE(ends) << ends.error().text();
    EXPECT_NE(ends->output, nullptr);
    ASSERT_EQ(ends->outputs.size(), 1U);
    EXPECT_EQ(ends->outputs[0].partitions, 0U);
  }
}

TEST_F(StreamsTest, OutputsMayGoToSeveralStreamsOfBothKinds) {
  const auto ends = connect("s", {"bills", "out"});
  ASSERT_TRUE(ends) << ends.error().text();
  EXPECT_NE(ends->output, nullptr);
  ASSERT_EQ(ends->outputs.size(), 2U);
  EXPECT_EQ(ends->outputs[0].name, "bills");
  EXPECT_EQ(ends->outputs[1].stream, *store->find_stream("out"));
}

TEST_F(StreamsTest, OfSeveralStreamsTheTopicsAreWaitedFor) {
  const auto ends = connect("s", {"out", "bills", "orders"});
  ASSERT_TRUE(ends) << ends.error().text();
  std::vector<model::FrameResult> finished;
  const auto send = [&](const std::vector<std::string>& values, std::vector<std::uint32_t> of) {
    Output::Result result;
    result.result.count = static_cast<std::uint32_t>(values.size());
    result.result.outputs = batch(values);
    result.result.streams = {"bills", "orders"};
    result.result.output_streams = std::move(of);
    result.finish = [&](model::FrameResult&& sent) { finished.push_back(std::move(sent)); };
    ends->output->send(std::move(result));
  };
  send({"a", "b", "c"}, {0, 0, 0});
  ASSERT_EQ(finished.size(), 1U) << "none is for a topic";
  // MSG_SIZE_TOO_LARGE, and when it is tried alone.
  cluster.fail(test::Api::produce, {10, 10});
  send({"d", "e", "f"}, {0, 2, 0});
  while (finished.size() < 2) io.run_one_for(10ms);
  ASSERT_EQ(finished[1].not_done.size(), 1U);
  EXPECT_EQ(finished[1].not_done[0].index, 1U) << "its event, not the first of the part";
  send({"g", "h", "i"}, {1, 0, 2});
  while (finished.size() < 3) io.run_one_for(10ms);
  EXPECT_TRUE(finished[2].not_done.empty());
  EXPECT_EQ(finished[2].outputs->size(), 3U)
      << "what is for the engine's own stream is written yet";
  EXPECT_EQ(cluster.read("bills").back().value, "g");
  EXPECT_EQ(cluster.read("orders").back().value, "i");
  EXPECT_TRUE(ends->output->room());
}

TEST_F(StreamsTest, OutputsToNowhereAreDropped) {
  const auto ends = connect("s", {});
  ASSERT_TRUE(ends);
  EXPECT_EQ(ends->output, nullptr);
  EXPECT_TRUE(ends->outputs.empty());
}

TEST_F(StreamsTest, ExactlyOnceOutputsGoWithTheOffsets) {
  const auto ends = connect("orders", {"bills"}, true);
  ASSERT_TRUE(ends) << ends.error().text();
  EXPECT_NE(dynamic_cast<TransactionalOutput*>(ends->output.get()), nullptr);
  const auto plain = connect("orders", {"bills"});
  ASSERT_TRUE(plain);
  EXPECT_EQ(dynamic_cast<TransactionalOutput*>(plain->output.get()), nullptr);
}

// A topic is read again by its consumer, which has the events; the engine's own log has what it
// gave out.
TEST_F(StreamsTest, OnlyWhatIsKeptHereIsReadAgain) {
  const auto kept = connect("s", {});
  EXPECT_TRUE(kept->read_again);
  EXPECT_TRUE(kept->release_from);
  const auto topic = connect("orders", {});
  EXPECT_FALSE(topic->read_again);
  EXPECT_FALSE(topic->release_from) << "so everything is kept";
}

TEST_F(StreamsTest, AllPartitionsOfAnEmbeddedStreamAreOurs) {
  const auto kept = connect("s", {});
  EXPECT_THAT(kept->input.positions.partitions(), ElementsAre(PartitionId{0}, PartitionId{1}));
  const auto topic = connect("orders", {});
  EXPECT_THAT(topic->input.positions.partitions(), IsEmpty()) << "the group has given none yet";
}

TEST_F(StreamsTest, WhatIsAppendedFromOutsideIsInTheStream) {
  for (const char* name : {"out", "bills"}) {
    const auto target = streams->append_target(*config.find_stream(name));
    ASSERT_TRUE(target) << target.error().text();
    EXPECT_EQ(target->stream, *store->find_stream(name));
    EXPECT_EQ(target->partitions, name == std::string("out") ? 3U : 0U);
    std::promise<Status> done;
    ASSERT_TRUE(target->appender->append(
        batch({"a"}), {}, [&](Status status) { done.set_value(std::move(status)); },
        std::chrono::steady_clock::now() + std::chrono::seconds(10)));
    EXPECT_TRUE(done.get_future().get());
  }
  EXPECT_EQ(cluster.read("bills").size(), 1U);
}

TEST_F(StreamsTest, OperatorsProduceToAndReadEitherKind) {
  for (const char* name : {"s", "orders"}) {
    const auto produced = produce(name, batch({"a", "b", "c"}), 0);
    ASSERT_TRUE(produced) << produced.error().text();
    ASSERT_EQ(produced->size(), 1U);
    EXPECT_EQ(produced->front().base, 0);
    EXPECT_EQ(produced->front().count, 3U);
    const auto page = read(name, {0, {Kind::offset, 1}, 1U << 20});
    ASSERT_TRUE(page) << page.error().text();
    EXPECT_THAT(values(*page), ElementsAre("b", "c"));
    EXPECT_EQ(page->next, 3);
    // A topic may say only then that nothing follows.
    const auto after = read(name, {0, {Kind::offset, 3}, 1U << 20});
    ASSERT_TRUE(after) << after.error().text();
    EXPECT_THAT(values(*after), IsEmpty());
    EXPECT_TRUE(after->at_end);
  }
}

TEST_F(StreamsTest, AReadBeginsAtEitherEndOrAtATime) {
  ASSERT_TRUE(produce("s", batch({"a", "b"}), 0));
  EXPECT_THAT(values(*read("s", {0, {Kind::earliest}, 1U << 20})), ElementsAre("a", "b"));
  const auto latest = read("s", {0, {Kind::latest}, 1U << 20});
  EXPECT_EQ(latest->from, 2);
  EXPECT_THAT(values(*latest), IsEmpty());
  EXPECT_EQ(read("s", {0, {Kind::offset, 4711}, 1U << 20})->from, 2) << "the nearest";
  const WallTime later = SystemClock().now() + std::chrono::hours(1);
  EXPECT_EQ(read("s", {0, {Kind::time, 0, later}, 1U << 20})->from, 2);
}

TEST_F(StreamsTest, APageHasNoMoreBytesThanAskedForButOneBatch) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(produce("s", batch({std::string(5000, 'x')}), 0));
  const auto page = read("s", {0, {Kind::earliest}, 1});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->next, 1);
  EXPECT_FALSE(page->at_end);
  EXPECT_EQ(page->end, 3);
}

TEST_F(StreamsTest, AStreamOrPartitionThatIsNotThereIsAnError) {
  EXPECT_EQ(produce("x", batch({"a"})).error().code, "E5001");
  EXPECT_EQ(read("x", {}).error().code, "E5001");
  EXPECT_EQ(produce("s", batch({"a"}), 2).error().code, "E5001");
  const auto page = read("s", {2, {}, 1});
  EXPECT_EQ(page.error().code, "E5001");
  EXPECT_THAT(page.error().message, HasSubstr("partitions 0 to 1, not 2"));
}

TEST_F(StreamsTest, StatusHasTheStreamsThatAreKeptHere) {
  ASSERT_TRUE(produce("s", batch({"a", "b"}), 1));
  observe::StatusReport report;
  streams->report(report);
  ASSERT_EQ(report.streams.size(), 2U) << "topics are their brokers' to report";
  EXPECT_EQ(report.streams[0].name, "s");
  EXPECT_EQ(report.streams[0].appended, 2U);
  ASSERT_EQ(report.streams[0].partitions.size(), 2U);
  EXPECT_EQ(report.streams[0].partitions[1].end, 2);
}

TEST_F(StreamsTest, AStreamThatHasLeftTheConfigIsGone) {
  config.streams.erase(config.streams.begin() + 1);
  streams->set(config.streams);
  EXPECT_EQ(produce("out", batch({"a"})).error().code, "E5001");
  EXPECT_TRUE(produce("s", batch({"a"}), 0));
}

TEST_F(StreamsTest, AProbeAsksTheBrokersOfATopic) {
  EXPECT_TRUE(probe(*config.find_stream("s")));
  EXPECT_TRUE(probe(*config.find_stream("orders")));
  const config::Stream missing = topic("orders");
  config::Stream other = missing;
  auto unknown = kafka::topic_of(missing);
  unknown.topic = "nobody-has-made-it";
  unknown.client.properties.push_back({"allow.auto.create.topics", "false", {}});
  other.kafka->settings = unknown;
  EXPECT_FALSE(probe(other));
}

}  // namespace
}  // namespace pelton::stream
