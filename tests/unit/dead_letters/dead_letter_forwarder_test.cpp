// SPDX-License-Identifier: Apache-2.0
// The way of dead letters to their topic, against a cluster in this process and a real store.
#include "engine/dead_letters/dead_letter_forwarder.h"

#include "engine/kafka/client/poll_loop.h"
#include "engine/kafka/records/record_decoder.h"
#include "tests/kafka/mock_cluster.h"
#include "tests/unit/store/store_fixture.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>

namespace pelton::dead_letters {
namespace {

using std::chrono::steady_clock;

class Gate : public store::StoreFixture {
 protected:
  void SetUp() override {
    open();
    source = brokers.topic("orders");
    letters_topic = brokers.topic("letters");
    auto producer = kafka::Producer::create(letters_topic, loop);
    ASSERT_TRUE(producer) << producer.error().text();
    topic = std::make_unique<DeadLetterTopic>(letters_topic, std::move(*producer), letters);
    topic->add_member("b", binding, "orders");
    gate = std::make_shared<DeadLetterForwarder>(DeadLetterForwarder::Setup{"b", source}, *topic,
                                                 letters, records, *store, mailbox);
    gate->read_histories([this](std::function<void()> then) {
      if (passes_wait_for_store)
        after_stored.push_back(std::move(then));
      else
        then();
    });
    loop.start();
    letters.start();
    records.start();
  }
  void TearDown() override {
    letters.stop();
    records.stop();
    loop.stop();
  }

  static model::BatchPtr event_of(const kafka::RawRecord& record) {
    model::BatchBuilder builder;
    kafka::RecordDecoder("kafka:orders").add(record, builder);
    return builder.finish();
  }
  model::DeadLetter letter(Offset offset, const kafka::RawRecord& record) const {
    model::DeadLetter made;
    made.id = {binding, PartitionId{0}, offset};
    made.binding = "b";
    made.stream = "s";
    made.function = "f";
    made.reason = "attempts";
    made.retry.attempts = 3;
    made.event = event_of(record);
    return made;
  }
  static model::Transaction with(model::DeadLetter&& letter) {
    model::Transaction transaction;
    transaction.dead_letters.push_back(std::move(letter));
    return transaction;
  }

  // Its event's last attempt failed; the earlier ones are to be read from the store.
  model::Transaction last_attempt(Offset offset) {
    model::DeadLetter made = letter(offset, {"k", "v", {}, 5, {}});
    made.retry.history.push_back({2, {}, "error", "ValueError", "the last", {}, {}});
    model::Transaction transaction = with(std::move(made));
    transaction.retries.push_back({binding, at(0), offset, std::nullopt, true});
    return transaction;
  }
  // The messages of its attempts.
  static std::vector<std::string> history_of(const test::MockCluster::Record& record) {
    std::vector<std::string> messages;
    for (const auto& [name, value] : record.headers) {
      if (name != "pelton.dead-letter.history") continue;
      const boost::json::value all = boost::json::parse(value);
      for (const auto& attempt : all.as_array())
        messages.emplace_back(attempt.at("message").as_string());
    }
    return messages;
  }

  // Passes it on; what comes out goes to `passed`.
  void pass(model::Transaction&& transaction) {
    gate->pass(std::move(transaction),
               [this](model::Transaction&& rest) { passed.push_back(std::move(rest)); });
  }
  bool run_until(const std::function<bool()>& condition) {
    const auto until = steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      if (steady_clock::now() > until) return false;
      io.run_one_for(std::chrono::milliseconds(50));
    }
    return true;
  }
  std::vector<test::MockCluster::Record> written() { return brokers.read("letters"); }

  test::MockCluster brokers;
  kafka::TopicOptions source, letters_topic;
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{io.get_executor()};
  thread::Mailbox mailbox{io};
  kafka::PollLoop loop;
  thread::JobThread letters, records;
  std::unique_ptr<DeadLetterTopic> topic;
  std::shared_ptr<DeadLetterForwarder> gate;  // shared with what it waits for
  std::vector<model::Transaction> passed;
  bool passes_wait_for_store = false;
  std::vector<std::function<void()>> after_stored;  // what waits for it
};

TEST_F(Gate, WhatHasNoLettersPassesAtOnce) {
  pass({});
  EXPECT_EQ(passed.size(), 1U);
}

TEST_F(Gate, ALetterIsInTheTopicBeforeItsTransactionPasses) {
  pass(with(letter(7, {"k", "value", {{"a", "1"}}, 5, {}})));
  EXPECT_TRUE(passed.empty());
  ASSERT_TRUE(run_until([&] { return passed.size() == 1; }));
  EXPECT_TRUE(passed.front().empty()) << "nothing is left for the store";
  ASSERT_EQ(written().size(), 1U);
  EXPECT_EQ(written().front().key, "k");
  EXPECT_EQ(written().front().value, "value");
  EXPECT_EQ(written().front().headers.front(), (std::pair<std::string, std::string>{"a", "1"}));
  EXPECT_EQ(gate->trouble(), "");
}

TEST_F(Gate, TransactionsPassInOrder) {
  brokers.set_down(true);
  model::Transaction first = with(letter(1, {"k", "v", {}, 5, {}}));
  first.progress.push_back({binding, at(0), {2, {}}});
  pass(std::move(first));
  model::Transaction second;
  second.progress.push_back({binding, at(0), {3, {}}});
  pass(std::move(second));
  EXPECT_TRUE(passed.empty()) << "an offset behind the letter waits for it";
  brokers.set_down(false);
  ASSERT_TRUE(run_until([&] { return passed.size() == 2; }));
  EXPECT_EQ(passed[0].progress.front().progress.settled, 2U);
  EXPECT_EQ(passed[1].progress.front().progress.settled, 3U);
}

// Its binding goes with a reload while brokers are away.
TEST_F(Gate, OneThatIsAbandonedPassesNothingOn) {
  brokers.set_down(true);
  pass(with(letter(1, {"k", "v", {}, 5, {}})));
  gate->abandon();
  gate.reset();
  brokers.set_down(false);
  ASSERT_TRUE(run_until([&] { return written().size() == 1; })) << "it was on its way";
  EXPECT_TRUE(passed.empty());
}

TEST_F(Gate, ARecordThatItsEventDoesNotHoldIsReadAgain) {
  const std::string text = R"({ "id": "i",  "source": "/s", "type": "t", "data": [1,   2] })";
  const std::string type = "application/cloudevents+json";
  brokers.produce("orders", 0, {"k", "first"});
  brokers.produce("orders", 0, {"k", text, {{"content-type", type}}});
  model::DeadLetter second = letter(1, {"k", text, {{"content-type", type}}, 0, {}});
  ASSERT_FALSE(kafka::holds_record(*second.event, 0)) << "a CloudEvent is taken apart";
  pass(with(std::move(second)));
  ASSERT_TRUE(run_until([&] { return passed.size() == 1; }));
  ASSERT_EQ(written().size(), 1U);
  EXPECT_EQ(written().front().value, text) << "with its blanks";
}

TEST_F(Gate, ARecordThatIsGoneIsMadeAnewFromItsEvent) {
  const std::string text = R"({ "id": "i",  "source": "/s", "type": "t", "data": [1,   2] })";
  // Made anew: another record stands there now.
  brokers.produce("orders", 0, {"k", "of the new topic"});
  pass(with(letter(0, {"k", text, {{"content-type", "application/cloudevents+json"}}, 0, {}})));
  ASSERT_TRUE(run_until([&] { return passed.size() == 1; }));
  ASSERT_EQ(written().size(), 1U);
  EXPECT_EQ(written().front().value, "[1,2]");
  const auto headers = written().front().headers;
  EXPECT_EQ(std::ranges::count(headers, "pelton.dead-letter.rebuilt",
                               &std::pair<std::string, std::string>::first),
            1);
}

TEST_F(Gate, ALetterThatTheTopicRefusesStaysInTheStore) {
  // MSG_SIZE_TOO_LARGE: what is refused so is tried once more, alone.
  brokers.fail(test::Api::produce, {10, 10});
  pass(with(letter(4, {"k", "large", {}, 5, {}})));
  ASSERT_TRUE(run_until([&] { return passed.size() == 1; }));
  ASSERT_EQ(passed.front().dead_letters.size(), 1U);
  EXPECT_EQ(passed.front().dead_letters.front().id.offset, 4U);
  EXPECT_NE(gate->trouble().find("E6108"), std::string::npos) << gate->trouble();
  EXPECT_TRUE(written().empty());
  // One that goes takes the trouble away.
  pass(with(letter(5, {"k", "small", {}, 5, {}})));
  ASSERT_TRUE(run_until([&] { return passed.size() == 2; }));
  EXPECT_TRUE(passed.back().empty());
  EXPECT_EQ(gate->trouble(), "");
}

TEST_F(Gate, WhatTheStoreHadOfItGoes) {
  auto kept = commit(with(letter(4, {"k", "v", {}, 5, {}})), store::Origin::engine);
  ASSERT_TRUE(kept) << kept.error().text();
  ASSERT_EQ(store->dead_letter_count(binding), 1U);
  pass(with(letter(4, {"k", "v", {}, 5, {}})));
  ASSERT_TRUE(run_until([&] { return passed.size() == 1; }));
  ASSERT_EQ(passed.front().dead_letters_removed.size(), 1U);
  EXPECT_EQ(passed.front().dead_letters_removed.front().offset, 4U);
}

TEST_F(Gate, ADoneLetterIsEndedInTheTopic) {
  pass(with(letter(9, {"k", "v", {}, 5, {}})));
  ASSERT_TRUE(run_until([&] { return passed.size() == 1; }));
  model::Transaction done;
  done.dead_letters_removed.push_back({binding, PartitionId{0}, 9});
  pass(std::move(done));
  ASSERT_TRUE(run_until([&] { return passed.size() == 2; }));
  ASSERT_EQ(written().size(), 2U);
  EXPECT_EQ(written().back().key, "b/0/9/0000000000000000");
  EXPECT_EQ(written().back().value, std::nullopt);
}

// An event's attempt that failed, to be stored.
model::Transaction failed_attempt(BindingId binding, model::StreamPartition at, Offset offset) {
  model::Transaction transaction;
  model::RetryState state;
  state.attempts = 1;
  state.history.push_back({1, {}, "error", "ValueError", "the first", {}, {}});
  transaction.retries.push_back({binding, at, offset, std::move(state), true});
  return transaction;
}

TEST_F(Gate, ALetterHasTheAttemptThatStillWaitsBeforeIt) {
  brokers.set_down(true);
  pass(with(letter(1, {"k", "v", {}, 5, {}})));
  // Both wait behind the letter before them.
  const auto store_it = [this](model::Transaction&& rest) {
    const auto done = commit(std::move(rest), store::Origin::engine);
    EXPECT_TRUE(done) << done.error().text();
    passed.emplace_back();
  };
  gate->pass(failed_attempt(binding, at(0), 5), store_it);
  gate->pass(last_attempt(5), store_it);
  // Whatever it had for its thread to do is done.
  std::promise<void> idle;
  records.run([&idle] { idle.set_value(); });
  idle.get_future().wait();
  brokers.set_down(false);
  ASSERT_TRUE(run_until([&] { return passed.size() == 3; }));
  ASSERT_EQ(written().size(), 2U);
  EXPECT_EQ(history_of(written().back()), (std::vector<std::string>{"the first", "the last"}));
}

TEST_F(Gate, ALetterWaitsForAnAttemptOnItsWayToTheStore) {
  passes_wait_for_store = true;
  pass(failed_attempt(binding, at(0), 5));
  ASSERT_EQ(passed.size(), 1U);
  pass(last_attempt(5));
  ASSERT_EQ(after_stored.size(), 1U);
  const auto done = commit(std::move(passed.front()), store::Origin::engine);
  ASSERT_TRUE(done) << done.error().text();
  after_stored.front()();
  ASSERT_TRUE(run_until([&] { return passed.size() == 2; }));
  ASSERT_EQ(written().size(), 1U);
  EXPECT_EQ(history_of(written().back()), (std::vector<std::string>{"the first", "the last"}));
}

TEST_F(Gate, OneThatIsAbandonedForgetsWhatWaitsForTheStore) {
  passes_wait_for_store = true;
  brokers.set_down(true);
  pass(with(letter(1, {"k", "v", {}, 5, {}})));
  pass(failed_attempt(binding, at(0), 5));
  pass(last_attempt(5));
  gate->abandon();
  brokers.set_down(false);
  ASSERT_TRUE(run_until([&] { return written().size() == 1; })) << "it was on its way";
  EXPECT_TRUE(passed.empty());
}

TEST_F(Gate, ItHasRoomForSoMuchOnItsWay) {
  brokers.set_down(true);
  const std::string large(1U << 20, 'x');
  std::size_t given = 0;
  for (; gate->room() && given < 100; ++given) pass(with(letter(given, {"k", large, {}, 5, {}})));
  EXPECT_EQ(given, 64U);
  brokers.set_down(false);
  ASSERT_TRUE(run_until([&] { return passed.size() == given; }));
  EXPECT_TRUE(gate->room());
}

}  // namespace
}  // namespace pelton::dead_letters
