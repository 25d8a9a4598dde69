// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/transactional_output.h"

#include "tests/kafka/mock_cluster.h"
#include "tests/unit/store/store_fixture.h"
#include "tests/unit/stream/partition.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

#include <deque>
#include <map>

namespace pelton::stream {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Assigned final : Input::Listener {
  std::map<PartitionId, model::Restored> ours;
  int tenures = 0;
  void assigned(PartitionId partition, const model::Restored& restored) override {
    ours[partition] = restored;
    ++tenures;
  }
  void readable(PartitionId) override {}
  void revoking(PartitionId) override {}
  void revoked(PartitionId partition) override { ours.erase(partition); }
  void stopped(PartitionId, const Error&) override {}
};

// Topic "orders" is read, "bills" written. The test is the binding: it settles what is finished,
// and says so.
class Transactional : public store::StoreFixture {
 protected:
  void SetUp() override {
    stream.partitions = 0;
    stream.topic = "orders";
    open();
    loop.start();
    const auto orders = cluster.topic("orders");
    cluster.produce_all("orders", 0, {{"k", "0"}, {"k", "1"}, {"k", "2"}});
    TopicInput::Setup setup{binding, "b", at().stream, orders, {}, {}, 100, 77};
    setup.group.group = "billing";
    setup.group.session_timeout = 6s;
    setup.group.commit_interval = 1h;  // nothing is committed but by transactions
    input = std::make_unique<TopicInput>(std::move(setup), *store, mailbox, io, loop);
    auto producer = kafka::TransactionalProducer::create({cluster.topic("bills"), "id", 10s},
                                                         loop.background());
    output = std::make_unique<TransactionalOutput>(*input, std::move(*producer), 10s, mailbox, io);
    ASSERT_TRUE(input->open(listener));
    input->start();
    ASSERT_TRUE(until([&] { return listener.ours.contains(kP); }));
  }
  void TearDown() override {
    input.reset();
    output.reset();
    loop.stop();
    StoreFixture::TearDown();
  }

  bool until(const std::function<bool()>& over) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!over() && std::chrono::steady_clock::now() < deadline) {
      io.restart();
      io.run_one_for(20ms);
    }
    return over();
  }
  // The result of the event at `offset`, with an output; the worker has succeeded.
  void send(Offset offset, const std::string& value) {
    Output::Result result;
    result.partition = kP;
    result.result.count = 1;
    result.result.outputs = batch({value});
    result.live = [](const model::FrameResult&) { return true; };
    result.finish = [this, offset](model::FrameResult&& sent) {
      finished.push_back(offset);
      failed += sent.not_done.size();
    };
    output->send(std::move(result));
  }
  // The binding's turn: all that is finished is settled, the output hears of it.
  void turn(Offset settled) {
    model::Transaction transaction;
    transaction.progress.push_back({binding, {at().stream, kP}, {settled, {}}});
    input->settle(std::move(transaction), [this](const Status& status) { durable |= !!status; });
    output->settled();
  }
  std::size_t written() { return cluster.read("bills").size(); }

  test::MockCluster cluster;
  boost::asio::io_context io;
  thread::Mailbox mailbox{io};
  kafka::PollLoop loop;
  Assigned listener;
  std::unique_ptr<TopicInput> input;
  std::unique_ptr<TransactionalOutput> output;
  std::vector<Offset> finished;
  std::size_t failed = 0;
  bool durable = false;
};

TEST_F(Transactional, OutputsAndTheirOffsetAreCommittedTogether) {
  send(0, "a");
  ASSERT_TRUE(until([&] { return finished.size() == 1; })) << "once it is written";
  turn(1);
  ASSERT_TRUE(until([&] { return durable; }));
  EXPECT_EQ(written(), 1U);
}

TEST_F(Transactional, ATurnThatSettlesSomethingElseChangesNothing) {
  output->settled();
  send(0, "a");
  output->settled();
  ASSERT_TRUE(until([&] { return finished.size() == 1; })) << "it waits for its writing only";
  turn(1);
  ASSERT_TRUE(until([&] { return durable; }));
}

TEST_F(Transactional, ResultsThatComeMeanwhileAreTheNextTransaction) {
  send(0, "a");
  send(1, "b");
  send(2, "c");
  ASSERT_TRUE(until([&] { return finished.size() == 1; }));
  EXPECT_THAT(finished, ElementsAre(0)) << "the first alone: it was begun at once";
  turn(1);
  ASSERT_TRUE(until([&] { return finished.size() == 3; }));
  turn(3);
  EXPECT_TRUE(until([&] { return written() == 3U; }));
}

TEST_F(Transactional, AnOutputThatIsRefusedInCompanyIsWrittenAlone) {
  cluster.fail(test::Api::produce, {10});  // MESSAGE_TOO_LARGE: once together, then alone
  send(0, "a");
  ASSERT_TRUE(until([&] { return finished.size() == 1; }));
  turn(1);
  ASSERT_TRUE(until([&] { return durable; }));
  EXPECT_EQ(failed, 0U);
}

// It is written again from memory, and the binding, which has settled it, is not asked again.
TEST_F(Transactional, AnAbortedTransactionIsWrittenAgainAndFinishedOnce) {
  cluster.fail(test::Api::txn_offset_commit, {22});  // ILLEGAL_GENERATION
  send(0, "a");
  ASSERT_TRUE(until([&] { return finished.size() == 1; }));
  turn(1);
  ASSERT_TRUE(until([&] { return durable; }));
  EXPECT_EQ(written(), 2U) << "once in the one that was aborted";
  EXPECT_THAT(finished, ElementsAre(0));
}

// The binding has settled both, so that neither can be committed without the other.
TEST_F(Transactional, OneThatWasSettledAndThenTakesTooLongIsReadAgain) {
  send(0, "a");
  send(1, "b");
  send(2, "c");
  ASSERT_TRUE(until([&] { return finished.size() == 1; }));
  turn(1);
  ASSERT_TRUE(until([&] { return finished.size() == 3; })) << "the others together";
  cluster.fail(test::Api::txn_offset_commit, {22});                      // ILLEGAL_GENERATION
  for (int i = 0; i < 1000; ++i) cluster.fail(test::Api::produce, {7});  // REQUEST_TIMED_OUT
  turn(3);
  ASSERT_TRUE(until([&] { return listener.tenures == 2; }));
  cluster.heal(test::Api::produce);
  durable = false;
  send(0, "a");  // of the new tenure: the mock keeps no offsets of transactions
  ASSERT_TRUE(until([&] { return finished.size() == 4; }));
  turn(1);
  EXPECT_TRUE(until([&] { return durable; }));
}

TEST_F(Transactional, AResultOfAPartitionThatHasGoneIsDropped) {
  Output::Result result;
  result.partition = kP;
  result.result.count = 1;
  result.result.outputs = batch({"a"});
  result.live = [](const model::FrameResult&) { return false; };
  result.finish = [this](model::FrameResult&&) { finished.push_back(0); };
  output->send(std::move(result));
  ASSERT_TRUE(until([&] { return finished.size() == 1; })) << "the dispatcher forgets it";
  EXPECT_EQ(written(), 0U);
}

TEST_F(Transactional, WhatIsOnItsWayIsBounded) {
  cluster.set_down(true);
  EXPECT_TRUE(output->room());
  for (int i = 0; i < 5 && output->room(); ++i) send(i, std::string(16U << 20, 'x'));
  EXPECT_FALSE(output->room());
}

// The binding of a topic whose brokers are away is removed while others are served by the shard.
TEST_F(Transactional, GoesAtOnceThoughTheBrokersAreAway) {
  send(0, "a");
  ASSERT_TRUE(until([&] { return finished.size() == 1; }));
  cluster.set_down(true);
  const auto begun = std::chrono::steady_clock::now();
  input.reset();
  output.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
}

}  // namespace
}  // namespace pelton::stream
