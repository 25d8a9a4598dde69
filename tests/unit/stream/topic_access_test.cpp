// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_access.h"

#include "engine/model/batch_builder.h"
#include "tests/kafka/mock_cluster.h"
#include "tests/unit/store/store_fixture.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

#include <future>
#include <thread>

namespace pelton::stream {
namespace {

using ::testing::HasSubstr;
using Answered = Result<std::vector<Produced>>;

constexpr std::size_t kMost = 2000;  // bytes on their way

// A topic "orders" as stream "s", and the way that the admin API has to it.
class TopicAccessTest : public store::StoreFixture {
 protected:
  void SetUp() override {
    stream.partitions = 0;
    stream.topic = "orders";
    open();
    access = std::make_unique<TopicAccess>(loop, mailbox, io, kMost);
    config::Stream& named = streams.emplace_back();
    named.name = "s";
    named.kafka = config::Topic{cluster.topic("orders"), "orders", {}};
    access->set(streams, *store);
    loop.start();
    clock = std::thread([this] { io.run(); });
  }
  void TearDown() override {
    access.reset();
    loop.stop();
    guard.reset();
    io.stop();
    clock.join();
    StoreFixture::TearDown();
  }

  std::future<Answered> produce(const std::string& data) {
    auto answer = std::make_shared<std::promise<Answered>>();
    auto future = answer->get_future();
    access->produce("s", batch({data}), std::nullopt,
                    [answer](Answered produced) { answer->set_value(std::move(produced)); });
    return future;
  }
  std::size_t records() { return cluster.read("orders").size(); }

  test::MockCluster cluster;
  boost::asio::io_context io;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{io.get_executor()};
  thread::Mailbox mailbox{io};
  std::thread clock;
  kafka::PollLoop loop;
  std::unique_ptr<TopicAccess> access;
  std::vector<config::Stream> streams;
};

TEST_F(TopicAccessTest, EventsAreAnsweredOnceTheTopicHasThem) {
  const Answered produced = produce("a").get();
  ASSERT_TRUE(produced) << produced.error().text();
  ASSERT_EQ(produced->size(), 1U);
  EXPECT_EQ(produced->front().count, 1U);
  EXPECT_EQ(records(), 1U);
}

// A producer sends such a request again, and must not send anything twice by that.
TEST_F(TopicAccessTest, OfARequestThatIsOverloadedNothingIsInTheTopic) {
  cluster.set_down(true);
  auto taken = produce(std::string(1500, 'x'));
  const Answered refused = produce(std::string(1500, 'y')).get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
  EXPECT_EQ(refused.error().code, "E5009");
  cluster.set_down(false);
  ASSERT_TRUE(taken.get());
  EXPECT_EQ(records(), 1U);
  ASSERT_TRUE(produce(std::string(1500, 'y')).get()) << "there is room again";
  EXPECT_EQ(records(), 2U);
}

TEST_F(TopicAccessTest, ASingleRequestAlwaysGoes) {
  EXPECT_TRUE(produce(std::string(2 * kMost, 'x')).get());
}

TEST_F(TopicAccessTest, AStreamThatWasRemovedIsNotThere) {
  access->set({}, *store);
  EXPECT_FALSE(access->has("s"));
  const Answered produced = produce("a").get();
  ASSERT_FALSE(produced);
  EXPECT_THAT(produced.error().message, HasSubstr("was removed"));
  EXPECT_FALSE(access->reader("s"));
}

TEST_F(TopicAccessTest, AChangedStreamIsWrittenToWhereItIsNow) {
  ASSERT_TRUE(produce("a").get());
  streams.front().kafka = config::Topic{cluster.topic("later"), "later", {}};
  access->set(streams, *store);
  ASSERT_TRUE(produce("b").get());
  EXPECT_EQ(records(), 1U);
  EXPECT_EQ(cluster.read("later").size(), 1U);
}

// What a reader answers, waited for.
template <typename T, typename Ask>
Result<T> answer_of(Ask ask) {
  std::promise<Result<T>> answer;
  ask([&](Result<T> result) { answer.set_value(std::move(result)); });
  return answer.get_future().get();
}

class TopicReading : public TopicAccessTest {
 protected:
  void SetUp() override {
    TopicAccessTest::SetUp();
    cluster.produce_all("orders", 0, {{"k", "a"}, {"k", "b"}, {"k", "c"}});
    auto opened = access->reader("s");
    ASSERT_TRUE(opened) << opened.error().text();
    reader = std::move(*opened);
  }
  void TearDown() override {
    reader.reset();
    TopicAccessTest::TearDown();
  }
  Result<ReadAnswer> read(ReadRequest::From from, std::uint32_t partition = 0) {
    return answer_of<ReadAnswer>([&](auto answer) {
      reader->read({partition, from, 1U << 20}, std::move(answer));
    });
  }
  static std::vector<std::string> values(const ReadAnswer& page) {
    std::vector<std::string> out;
    for (const auto& placed : page.batches)
      for (std::size_t i = 0; i < placed.batch->size(); ++i)
        if (placed.base + placed.batch->delta(i) >= page.from)
          out.emplace_back(placed.batch->data(i));
    return out;
  }

  using Kind = ReadRequest::From::Kind;
  std::shared_ptr<StreamReader> reader;  // shared with the access, which has handed it out
};

TEST_F(TopicReading, APageBeginsWhereItIsAskedFor) {
  auto page = read({Kind::earliest});
  ASSERT_TRUE(page) << page.error().text();
  EXPECT_EQ(values(*page), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(page->next, 3);
  EXPECT_EQ(page->end, 3);
  page = read({Kind::offset, 2});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->from, 2);
  EXPECT_EQ(values(*page), (std::vector<std::string>{"c"}));
  page = read({Kind::latest});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->from, 3);
  EXPECT_TRUE(page->at_end);
  EXPECT_EQ(values(*page), std::vector<std::string>{});
}

TEST_F(TopicReading, AnOffsetThatIsNotThereIsTheNearestOne) {
  const auto page = read({Kind::offset, 4711});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->from, 3);
}

TEST_F(TopicReading, APartitionThatIsNotThereIsNamed) {
  EXPECT_EQ(answer_of<std::uint32_t>([&](auto a) { reader->partitions(std::move(a)); }), 1U);
  const auto page = read({Kind::earliest}, 7);
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, "E5001");
  EXPECT_THAT(page.error().message, HasSubstr("0 to 0, not 7"));
}

TEST_F(TopicReading, ReadersAreBoundedAndMakeRoomWhenTheyGo) {
  std::vector<std::shared_ptr<StreamReader>> more;
  for (std::size_t i = 1; i < TopicReaders::kMost; ++i) {
    auto opened = access->reader("s");
    ASSERT_TRUE(opened) << opened.error().text();
    more.push_back(std::move(*opened));
  }
  const auto refused = access->reader("s");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
  EXPECT_EQ(refused.error().code, "E5009");
  more.pop_back();
  // Its client ends on a thread of its own.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool opened = false;
  while (!opened && std::chrono::steady_clock::now() < deadline)
    opened = access->reader("s").has_value();
  EXPECT_TRUE(opened);
}

}  // namespace
}  // namespace pelton::stream
