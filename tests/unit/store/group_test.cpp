// SPDX-License-Identifier: Apache-2.0
// What the store thread makes of the transactions that queued while it wrote.
#include "engine/store/binding_state.h"
#include "engine/store/group_writer.h"
#include "tests/unit/store/store_fixture.h"

#include <future>
#include <thread>

namespace pelton::store {
namespace {

class Groups : public StoreFixture {
 protected:
  // The store thread waits in a callback until release(): what is submitted meanwhile becomes one
  // group.
  void hold() {
    std::promise<void> reached;
    released_ = {};
    ASSERT_TRUE(store->submit({}, Origin::engine, [&, go = released_.get_future()](auto) mutable {
      reached.set_value();
      go.wait();
    }));
    reached.get_future().wait();
  }
  void release() { released_.set_value(); }

  Status submit(model::Transaction&& transaction, Origin origin = Origin::outside) {
    return store->submit(std::move(transaction), origin, [this](Result<Committed> done) {
      std::lock_guard lock(mutex_);
      if (done) done_.push_back(*done);
    });
  }
  model::Transaction appending(const std::vector<std::string>& data) {
    model::Transaction transaction;
    transaction.appends.push_back({at(), batch(data)});
    return transaction;
  }
  // All that was submitted before is committed.
  std::vector<Committed> committed() {
    EXPECT_TRUE(commit({}, Origin::engine));
    std::lock_guard lock(mutex_);
    return done_;
  }

 private:
  std::promise<void> released_;
  std::mutex mutex_;
  std::vector<Committed> done_;
};

// A batch of 100,000 events that all agree takes some bytes; all of them in one would be more
// events than a batch can have.
TEST_F(Groups, WhatIsJoinedIsBoundedInEventsToo) {
  open();
  model::BatchBuilder builder;
  for (int i = 0; i < 100'000; ++i) builder.add({});
  const model::BatchPtr many = builder.finish();
  ASSERT_LT(many->bytes().size(), 100U);
  hold();
  for (int i = 0; i < 200; ++i) {
    model::Transaction transaction;
    transaction.appends.push_back({at(), many});
    ASSERT_TRUE(submit(std::move(transaction)));
  }
  release();
  EXPECT_EQ(committed().size(), 200U);
  EXPECT_EQ(store->bounds(at())->end, 20'000'000);
  const auto read = store->read(at(), 0, 10U << 20);
  ASSERT_TRUE(read);
  EXPECT_LE(read->size(), 3U) << "what is read is bounded likewise";
}

TEST_F(Groups, WhatQueuesIsOneSync) {
  open();
  hold();
  const std::uint64_t before = store->activity().syncs;
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(submit(appending({std::to_string(i)})));
  release();
  EXPECT_EQ(committed().size(), 64U);
  EXPECT_LE(store->activity().syncs - before, 3U);
}

TEST_F(Groups, SmallAppendsAreStoredTogetherWithTheirOwnOffsets) {
  open();
  std::vector<model::PlacedBatch> placed;
  store->set_append_listener([&](std::span<const model::PlacedBatch> batches) {
    placed.insert(placed.end(), batches.begin(), batches.end());
  });
  hold();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(submit(appending({"a" + std::to_string(i), "b"})));
  release();
  const auto done = committed();
  ASSERT_EQ(done.size(), 10U);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(done[i].bases, (std::vector<Offset>{2 * i}));
  ASSERT_EQ(placed.size(), 1U);
  EXPECT_EQ(placed.front().batch->size(), 20U);
  EXPECT_EQ(read(6).front(), "a3");
  open();
  EXPECT_EQ(read(6).front(), "a3");
  EXPECT_EQ(*append({"next"}), 20);
}

TEST_F(Groups, LargeAppendsKeepTheirPlaceBetweenSmallOnes) {
  open();
  hold();
  const std::string large(100'000, 'L');
  for (const std::string& data : {std::string("a"), std::string("b"), large, std::string("c")})
    ASSERT_TRUE(submit(appending({data})));
  release();
  committed();
  EXPECT_EQ(read(), (std::vector<std::string>{"a", "b", large, "c"}));
}

TEST_F(Groups, OffsetsThatAreNotConsecutiveAreKept) {
  open();
  const auto source = batch({"x", "y"});
  model::BatchBuilder builder;
  builder.add_at(*source, 0, 0);
  builder.add_at(*source, 1, 9);
  model::Transaction transaction;
  transaction.appends.push_back({at(), builder.finish()});
  ASSERT_TRUE(commit(std::move(transaction)));
  EXPECT_EQ(*append({"z"}), 10);
  open();
  EXPECT_EQ(store->bounds(at())->end, 11);
  EXPECT_EQ(read(1), (std::vector<std::string>{"y", "z"}));
}

TEST_F(Groups, OutsideWaitsWhenTheQueueIsFullAndSettlingDoesNot) {
  options.queue_transactions = 2;
  open();
  hold();
  ASSERT_TRUE(submit(appending({"a"})));
  ASSERT_TRUE(submit(appending({"b"})));
  model::Transaction third = appending({"c"});
  const auto refused = store->submit(std::move(third), Origin::outside, [](auto) {});
  EXPECT_EQ(refused.error().code, "E4108");
  EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
  EXPECT_EQ(third.appends.size(), 1U);  // still the caller's
  EXPECT_TRUE(submit(appending({"output"}), Origin::engine));
  EXPECT_FALSE(store->wait_for_room(std::chrono::steady_clock::now()));
  std::jthread waiting([&] { EXPECT_TRUE(append({"d"})); });
  release();
  waiting.join();
  EXPECT_EQ(read(), (std::vector<std::string>{"a", "b", "output", "d"}));
}

TEST_F(Groups, ThePartitionMustBeThere) {
  open();
  EXPECT_EQ(append({"a"}, 2).error().code, "E4107");
  EXPECT_EQ(store->read(at(9), 0, 1).error().code, "E4107");
  EXPECT_TRUE(append({"a"}, 1));
}

TEST_F(Groups, TheEndDrainsWhatIsQueued) {
  open();
  std::atomic<int> done{0};
  for (int i = 0; i < 200; ++i) {
    model::Transaction transaction = appending({"e"});
    ASSERT_TRUE(store->submit(std::move(transaction), Origin::outside,
                              [&](Result<Committed> result) { done += result ? 1 : 0; }));
  }
  store.reset();
  EXPECT_EQ(done, 200);
  open();
  EXPECT_EQ(store->bounds(at())->end, 200);
}

// Below the store: only the last cursor of a binding and partition is written.
TEST_F(Groups, CursorsOfAGroupBecomeOne) {
  std::filesystem::create_directories(options.data);
  auto database = Database::open(options, 0, [](const std::string&) {});
  ASSERT_TRUE(database);
  const auto files = segment_folder(options.data / "log");
  Log log(*files, (*database)->log_id(), options.segment_bytes);
  ASSERT_TRUE(log.open({}, [](auto) { return Status{}; }));
  Logs logs(**database, log, 1 << 20, nullptr);
  BindingState state(**database);
  GroupWriter writer(**database, log, logs, state);
  const model::StreamPartition where{StreamId{1}, PartitionId{0}};
  std::vector<Pending> pending(100);
  for (int i = 0; i < 100; ++i)
    pending[i].transaction.progress.push_back({BindingId{1}, where, {i, {}}});
  Group group;
  writer.add(std::move(pending), group);
  ASSERT_TRUE(writer.finish(group, from_us(1)));
  EXPECT_EQ(group.metadata.Count(), 2);  // and the number of the group
  EXPECT_EQ(state.cursor(BindingId{1}, where), 99);
}

}  // namespace
}  // namespace pelton::store
