// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/settlements.h"

#include "tests/unit/store/store_fixture.h"
#include "tests/unit/stream/partition.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

namespace pelton::stream {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Partition 0 of stream "s", which is ours; commits are said to have been made by hand.
class Settling : public store::StoreFixture {
 protected:
  void SetUp() override {
    open();
    client = std::make_unique<StoreClient>(*store, mailbox);
    settlements = std::make_unique<Settlements>(binding, at().stream, *client, progress,
                                                [this](bool due) { stored.push_back(due); });
    PartitionStart start;
    start.partition = kP;
    progress.begin(start);
  }
  void TearDown() override {
    settlements.reset();
    client.reset();
    StoreFixture::TearDown();
  }

  model::Transaction settled(Offset offset) {
    model::Transaction transaction;
    transaction.progress.push_back({binding, {at().stream, kP}, {offset, {}}});
    return transaction;
  }
  model::Transaction buried(Offset offset) {
    auto transaction = settled(offset + 1);
    model::DeadLetter& letter = transaction.dead_letters.emplace_back();
    letter.id = {binding, kP, offset, {}};
    letter.event = batch({"x"});
    return transaction;
  }
  void settle(const std::string& name, model::Transaction transaction) {
    settlements->settle(std::move(transaction), [this, name](const Status& status) {
      told.push_back(name + (status ? "" : " " + status.error().code));
    });
  }
  void until_stored(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (stored.size() < count && std::chrono::steady_clock::now() < deadline) {
      io.restart();
      io.run_one_for(std::chrono::milliseconds(20));
    }
    ASSERT_EQ(stored.size(), count);
  }
  void commit_all() {
    (void)progress.take_positions([](PartitionId) { return true; });
    progress.committed(true);
    settlements->complete();
  }

  boost::asio::io_context io;
  thread::Mailbox mailbox{io};
  GroupProgress progress{
      {1, 4, [](const auto& metadata, Offset) { return metadata.completed.size(); }}};
  std::unique_ptr<StoreClient> client;
  std::unique_ptr<Settlements> settlements;
  std::vector<bool> stored;
  std::vector<std::string> told;
};

TEST_F(Settling, PlainProgressIsTheBrokersToKeep) {
  settle("a", settled(1));
  EXPECT_EQ(stored.size(), 1U) << "at once, without the store";
  EXPECT_FALSE(*store->cursor(binding, {at().stream, kP}));
  EXPECT_THAT(told, IsEmpty()) << "not before the brokers have it";
  commit_all();
  EXPECT_THAT(told, ElementsAre("a"));
}

TEST_F(Settling, ADeadLetterIsOnDiskFirst) {
  settle("a", buried(0));
  EXPECT_THAT(stored, IsEmpty());
  until_stored(1);
  EXPECT_EQ(store->dead_letter_count(binding), 1U);
  commit_all();
  EXPECT_THAT(told, ElementsAre("a"));
}

TEST_F(Settling, AnswersComeInTheOrderOfTheSettlements) {
  settle("a", buried(0));
  settle("b", settled(2));
  commit_all();
  EXPECT_THAT(told, IsEmpty()) << "what the store does not have is not committed";
  until_stored(2);
  commit_all();
  EXPECT_THAT(told, ElementsAre("a", "b"));
}

TEST_F(Settling, AfterStoredWaitsForWhatWasSettledBefore) {
  bool after = false;
  settle("a", buried(0));
  settlements->after_stored([&] { after = true; });
  EXPECT_FALSE(after);
  until_stored(1);
  EXPECT_TRUE(after);
}

TEST_F(Settling, WhatWasSettledOfAPartitionThatWentIsAnsweredAsLost) {
  settle("a", settled(1));
  progress.end(kP);
  settlements->complete();
  EXPECT_THAT(told, ElementsAre("a E5022"));
}

TEST_F(Settling, InTransactionsTheStoreKeepsOnlyWhatIsBuried) {
  settlements->store_only_buried();
  settle("a", settled(3));
  EXPECT_EQ(stored.size(), 1U);
  EXPECT_FALSE(*store->cursor(binding, {at().stream, kP}));
  settle("b", buried(5));
  until_stored(2);
  const auto kept = *store->cursor(binding, {at().stream, kP});
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->settled, 0) << "a transaction may be undone";
  ASSERT_EQ(kept->completed.size(), 1U);
  EXPECT_EQ(kept->completed[0].begin, 5);
}

TEST_F(Settling, ACommitIsDueOnceAQuarterOfTheWindowIsSettled) {
  settle("a", settled(1));
  settle("b", settled(2));
  EXPECT_TRUE(stored.back());
}

}  // namespace
}  // namespace pelton::stream
