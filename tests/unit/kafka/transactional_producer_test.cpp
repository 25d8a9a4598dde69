// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/produce/transactional_producer.h"

#include "engine/kafka/client/handles.h"
#include "engine/model/batch_builder.h"
#include "tests/kafka/mock_cluster.h"

#include <gtest/gtest.h>

#include <future>

namespace pelton::kafka {
namespace {

using test::Api;
using Outcome = TransactionalProducer::Outcome;

struct Transactions : ::testing::Test {
  test::MockCluster brokers;
  BackgroundCalls ends;
  std::unique_ptr<TransactionalProducer> producer;

  void SetUp() override {
    brokers.topic("in");  // which the committed offsets are of
    auto made = TransactionalProducer::create(
        {brokers.topic("out"), "id-1", std::chrono::seconds(10)}, ends);
    ASSERT_TRUE(made) << made.error().text();
    producer = std::move(*made);
  }

  static model::BatchPtr batch(std::initializer_list<const char*> values) {
    model::BatchBuilder builder;
    for (const char* value : values) {
      model::EventView event;
      event.data = value;
      event.has_data = true;
      builder.add(event);
    }
    return builder.finish();
  }

  // The values of the refused records.
  std::vector<std::string> write(std::vector<model::BatchPtr> batches) {
    std::promise<std::vector<std::vector<Refused>>> answer;
    producer->write(batches, [&](TransactionalProducer::Wrote wrote) {
      EXPECT_FALSE(wrote.timed_out);
      answer.set_value(std::move(wrote.refused));
    });
    std::vector<std::string> values;
    const auto refused = answer.get_future().get();
    EXPECT_EQ(refused.size(), batches.size());
    for (std::size_t i = 0; i < refused.size(); ++i)
      for (const Refused& one : refused[i]) values.emplace_back(batches[i]->data(one.index));
    return values;
  }

  Outcome commit(Offset offset = 7) {
    std::promise<Outcome> answer;
    GroupMetadata group(rd_kafka_consumer_group_metadata_new("group"));
    producer->commit("in", {{PartitionId{0}, offset, "pelton"}}, std::move(group),
                     [&](Outcome outcome) { answer.set_value(outcome); });
    return answer.get_future().get();
  }

  std::size_t records() { return brokers.read("out").size(); }
};

using Refusals = std::vector<std::string>;

TEST_F(Transactions, OutputsAndOffsetsAreCommitted) {
  for (int round = 1; round <= 3; ++round) {
    EXPECT_EQ(write({batch({"a", "b"}), batch({"c"})}), Refusals{});
    EXPECT_EQ(commit(round), Outcome::committed);
    EXPECT_EQ(records(), 3U * static_cast<std::size_t>(round));
  }
  EXPECT_EQ(producer->trouble(), "");
}

TEST_F(Transactions, PassingErrorsAreWaitedFor) {
  brokers.fail(Api::init_producer_id, {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS});
  brokers.fail(Api::add_partitions_to_txn, {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS});
  brokers.fail(Api::txn_offset_commit, {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE});
  brokers.fail(Api::end_txn, {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
                              RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS});
  EXPECT_EQ(write({batch({"a"})}), Refusals{});
  EXPECT_EQ(commit(), Outcome::committed);
}

// A client that had to be replaced before it had begun took the records with it.
TEST_F(Transactions, ARightThatIsGivenLaterLosesNothing) {
  brokers.fail(Api::init_producer_id, {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED});
  EXPECT_EQ(write({batch({"a", "b"})}), Refusals{});
  EXPECT_EQ(commit(), Outcome::committed);
  EXPECT_EQ(records(), 2U);
}

TEST_F(Transactions, AGroupThatHasGoneOnAbortsIt) {
  for (const auto error :
       {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
        RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID}) {
    brokers.fail(Api::txn_offset_commit, {error});
    EXPECT_EQ(write({batch({"a"})}), Refusals{});
    EXPECT_EQ(commit(), Outcome::aborted) << rd_kafka_err2name(error);
    EXPECT_NE(producer->trouble().find("E6107"), std::string::npos);
  }
  EXPECT_EQ(write({batch({"a"})}), Refusals{});
  EXPECT_EQ(commit(), Outcome::committed);
  EXPECT_EQ(producer->trouble(), "");
}

TEST_F(Transactions, MetadataThatIsTooLongIsTold) {
  EXPECT_EQ(write({batch({"a"})}), Refusals{});
  brokers.fail(Api::txn_offset_commit, {RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE});
  EXPECT_EQ(commit(), Outcome::metadata_too_long);
  EXPECT_EQ(write({batch({"a"})}), Refusals{});
  EXPECT_EQ(commit(), Outcome::committed);
}

TEST_F(Transactions, OneThatTakesTooLongIsAbortedAndTold) {
  auto made =
      TransactionalProducer::create({brokers.topic("slow"), "id-2", std::chrono::seconds(3)}, ends);
  ASSERT_TRUE(made);
  brokers.set_leader("slow", 0, false);
  std::promise<TransactionalProducer::Wrote> answer;
  (*made)->write({batch({"a"})},
                 [&](TransactionalProducer::Wrote wrote) { answer.set_value(std::move(wrote)); });
  const TransactionalProducer::Wrote wrote = answer.get_future().get();
  EXPECT_TRUE(wrote.timed_out);
  EXPECT_LT(wrote.took, std::chrono::seconds(3)) << "time is left for a commit";
  EXPECT_NE((*made)->trouble(), "");
  brokers.set_leader("slow", 0, true);
}

TEST_F(Transactions, OfAFencedCommitNothingIsKnownAndANewClientGoesOn) {
  EXPECT_EQ(write({batch({"a"})}), Refusals{});
  brokers.fail(Api::end_txn, {RD_KAFKA_RESP_ERR_PRODUCER_FENCED});
  EXPECT_EQ(commit(), Outcome::unknown);
  EXPECT_EQ(write({batch({"a"})}), Refusals{});
  EXPECT_EQ(commit(), Outcome::committed);
}

TEST_F(Transactions, AClientThatEndsWhileItWritesIsReplaced) {
  brokers.fail(Api::add_partitions_to_txn, {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH});
  EXPECT_EQ(write({batch({"a"})}), Refusals{});
  EXPECT_EQ(commit(), Outcome::committed);
}

TEST_F(Transactions, WhatIsTooLargeIsFoundAmongOthers) {
  // The request that all of them share, then the first of them alone.
  brokers.fail(Api::produce,
               {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  EXPECT_EQ(write({batch({"a", "b"}), batch({"c"})}), Refusals{"a"});
  EXPECT_EQ(write({batch({"b"}), batch({"c"})}), Refusals{});
  EXPECT_EQ(commit(), Outcome::committed);
}

TEST_F(Transactions, ARefusedRecordTakesNoneWithIt) {
  // The request of both; then each alone.
  brokers.fail(Api::produce, {RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_INVALID_RECORD});
  EXPECT_EQ(write({batch({"wrong", "good"})}), std::vector<std::string>{"wrong"});
  EXPECT_TRUE(write({batch({"good"})}).empty());
  EXPECT_EQ(commit(), Outcome::committed);
}

TEST_F(Transactions, ARequestThatIsTooLargeRefusesNobody) {
  brokers.fail(Api::produce, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  EXPECT_EQ(write({batch({"a", "b"}), batch({"c"})}), Refusals{});
  EXPECT_EQ(commit(), Outcome::committed);
}

TEST_F(Transactions, AnAbortedOneIsNotCommitted) {
  EXPECT_EQ(write({batch({"a"})}), Refusals{});
  std::promise<void> aborted;
  producer->abort([&] { aborted.set_value(); });
  aborted.get_future().get();
  EXPECT_EQ(commit(), Outcome::aborted);
}

TEST_F(Transactions, AnOpenOneDoesNotHoldUpTheEnd) {
  EXPECT_EQ(write({batch({"a"})}), Refusals{});
  producer.reset();
}

TEST_F(Transactions, ItGoesAtOnceThoughTheBrokersAreAway) {
  EXPECT_EQ(write({batch({"a"})}), Refusals{});
  brokers.set_down(true);
  const auto begun = std::chrono::steady_clock::now();
  producer.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(2))
      << "what is open is aborted behind its back";
  ends.finish();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20))
      << "and given up when no broker answers";
}

}  // namespace
}  // namespace pelton::kafka
