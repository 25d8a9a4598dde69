// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/embedded/embedded_input.h"

#include "tests/unit/store/store_fixture.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <map>
#include <optional>
#include <stdexcept>

namespace pelton::stream {
namespace {

class Recorder final : public Input::Listener {
 public:
  void assigned(PartitionId partition, const model::Restored& restored) override {
    got[partition.value] = restored;
  }
  void readable(PartitionId) override { ++readable_said; }
  void revoking(PartitionId) override {}
  void revoked(PartitionId) override {}
  void stopped(PartitionId, const Error&) override {}

  std::map<std::uint32_t, model::Restored> got;
  int readable_said = 0;
};

class Embedded : public store::StoreFixture {
 protected:
  Embedded() {
    options.now = [this] { return clock; };
    stream.retention_time = std::chrono::hours(1);
    stream.retention_force = true;
    stream.partitions = 1;
  }
  // Batches of a MiB, which retention drops one by one.
  void append_extents(int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(append({std::string(1'100'000, 'x')}));
  }
  void retain() {
    clock += std::chrono::hours(2);
    store->run_maintenance();
  }
  void settle_as(model::Progress progress, std::vector<Offset> retrying = {}) {
    model::Transaction transaction;
    transaction.progress.push_back({binding, at(), std::move(progress)});
    for (const Offset offset : retrying)
      transaction.retries.push_back({binding, at(), offset, model::RetryState{}});
    ASSERT_TRUE(commit(std::move(transaction), store::Origin::engine));
  }
  model::Restored restored() {
    EmbeddedInput input({binding, at().stream, "s", "b", 1, {}}, *store, feed, mailbox, reader);
    const auto ok = input.open(heard);
    EXPECT_TRUE(ok) << ok.error().text();
    return heard.got[0];
  }
  std::vector<Offset> retrying() {
    std::vector<Offset> offsets;
    for (const auto& retry : *store->retries(binding, at())) offsets.push_back(retry.offset);
    return offsets;
  }

  WallTime clock = from_us(1'700'000'000'000'000);
  boost::asio::io_context io;
  thread::Mailbox mailbox{io};
  AppendFeed feed{mailbox, nullptr};
  thread::JobThread reader;
  Recorder heard;
};

class ManyPartitions : public Embedded {
 protected:
  ManyPartitions() {
    options.tail_bytes = 0;
    stream.partitions = kPartitions;
    open();
    for (int i = 0; i < kBatches; ++i)
      for (std::uint32_t p = 0; p < kPartitions; ++p) {
        model::Transaction transaction;
        transaction.appends.push_back(
            {{at().stream, PartitionId{p}}, batch({std::string(kBatch, 'x')})});
        if (!commit(std::move(transaction), store::Origin::engine))
          throw std::runtime_error("not stored");
      }
    input.emplace(EmbeddedInput::Setup{binding, at().stream, "s", "b", kPartitions, {}, &memory},
                  *store, feed, mailbox, reader);
    if (!input->open(heard)) throw std::runtime_error("not opened");
    input->start();
  }
  void TearDown() override {
    reader.stop();
    input.reset();
    EXPECT_EQ(memory.claimed(MemoryUse::read_ahead), 0U);
    Embedded::TearDown();
  }
  // Asks for all partitions, and waits until all have been answered.
  void ask_all(Reads reads) {
    const int said = heard.readable_said;
    for (std::uint32_t p = 0; p < kPartitions; ++p)
      EXPECT_FALSE(input->next(PartitionId{p}, 0, reads));
    reader.start();
    const auto work = boost::asio::make_work_guard(io);
    while (heard.readable_said < said + static_cast<int>(kPartitions)) io.run_one();
  }
  std::uint32_t count(Stock stock) {
    std::uint32_t count = 0;
    for (std::uint32_t p = 0; p < kPartitions; ++p)
      if (input->stock(PartitionId{p}) == stock) ++count;
    return count;
  }

  static constexpr std::uint32_t kPartitions = 40;
  static constexpr int kBatches = 3;
  static constexpr std::uint64_t kBatch = 100'000;
  MemoryBudget memory{1U << 20};
  std::optional<EmbeddedInput> input;
};

// They all ask while there is room for some.
TEST_F(ManyPartitions, ReadNoMoreAtOnceThanThereIsRoomFor) {
  ask_all(Reads::within_memory);
  EXPECT_LT(memory.claimed(MemoryUse::read_ahead), memory.limit() + kBatches * (kBatch + 1000));
  EXPECT_GE(count(Stock::here), 2U);
  EXPECT_GE(count(Stock::empty), kPartitions / 2) << "they were told so, and ask again";
}

// The events of a binding that is slow take what there is.
TEST_F(ManyPartitions, ReadNothingWhileUnsettledEventsTakeAll) {
  memory.claim(MemoryUse::unsettled, memory.limit());
  ask_all(Reads::within_memory);
  EXPECT_EQ(memory.claimed(MemoryUse::read_ahead), 0U);
  memory.give_back(MemoryUse::unsettled, memory.limit());
}

TEST_F(ManyPartitions, OneBatchIsReadWithoutRoom) {
  memory.claim(MemoryUse::unsettled, memory.limit());
  EXPECT_FALSE(input->next(PartitionId{7}, 0, Reads::one_batch));
  EXPECT_EQ(input->stock(PartitionId{7}), Stock::reading);
  reader.start();
  const auto work = boost::asio::make_work_guard(io);
  while (input->stock(PartitionId{7}) == Stock::reading) io.run_one();
  EXPECT_TRUE(input->next(PartitionId{7}, 0, Reads::within_memory)) << "it is here";
  EXPECT_LT(memory.claimed(MemoryUse::read_ahead), 2 * kBatch);
  input->taken(PartitionId{7}, 1);
  EXPECT_EQ(memory.claimed(MemoryUse::read_ahead), 0U) << "nothing of what was taken is kept";
  EXPECT_EQ(input->stock(PartitionId{7}), Stock::empty);
  memory.give_back(MemoryUse::unsettled, memory.limit());
}

// The shard does not wait for the disk.
TEST_F(Embedded, WhatIsBehindIsReadOnAThreadOfItsOwn) {
  options.tail_bytes = 0;
  open();
  ASSERT_TRUE(append({"a", "b"}));
  EmbeddedInput input({binding, at().stream, "s", "b", 1, {}}, *store, feed, mailbox, reader);
  ASSERT_TRUE(input.open(heard));
  EXPECT_FALSE(input.next(PartitionId{0}, 0, Reads::within_memory));
  EXPECT_EQ(heard.readable_said, 0);
  reader.start();
  const auto work = boost::asio::make_work_guard(io);
  while (heard.readable_said == 0) io.run_one();
  const auto batch = input.next(PartitionId{0}, 0, Reads::within_memory);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->batch->data(1), "b");
  reader.stop();
}

TEST_F(Embedded, WhatWasReadBeforeASeekIsNotGivenAfterIt) {
  options.tail_bytes = 0;
  open();
  ASSERT_TRUE(append({"a"}));
  ASSERT_TRUE(append({"b"}));
  EmbeddedInput input({binding, at().stream, "s", "b", 1, {}}, *store, feed, mailbox, reader);
  ASSERT_TRUE(input.open(heard));
  EXPECT_FALSE(input.next(PartitionId{0}, 0, Reads::within_memory));
  EXPECT_FALSE(input.next(PartitionId{0}, 1, Reads::within_memory));
  reader.start();
  const auto work = boost::asio::make_work_guard(io);
  while (heard.readable_said == 0) io.run_one();
  EXPECT_FALSE(input.next(PartitionId{0}, 1, Reads::within_memory)) << "what came is not it";
  while (heard.readable_said == 1) io.run_one();
  EXPECT_EQ(input.next(PartitionId{0}, 1, Reads::within_memory)->batch->data(0), "b");
  reader.stop();
}

TEST_F(Embedded, AMoveForwardLeavesDoneWhatIsDoneBeyondIt) {
  open();
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(append({"a"}));
  const auto work = boost::asio::make_work_guard(io);
  const auto moved = [&](Offset offset) {
    settle_as({1, {{2, 4}, {6, 7}}}, {1, 4});
    EmbeddedInput input({binding, at().stream, "s", "b", 1, {}}, *store, feed, mailbox, reader);
    EXPECT_TRUE(input.open(heard));
    std::optional<Status> answer;
    static_cast<Positions&>(input).seek(PartitionId{0}, offset, [&](Status ok) { answer = ok; });
    while (!answer) io.run_one();
    EXPECT_TRUE(*answer);
    EXPECT_EQ(heard.got[0].progress, **store->cursor(binding, at()));
    return heard.got[0].progress;
  };
  EXPECT_EQ(moved(2), (model::Progress{4, {{6, 7}}}));
  EXPECT_EQ(moved(5), (model::Progress{5, {{6, 7}}}));
  EXPECT_EQ(moved(6), (model::Progress{7, {}}));
  EXPECT_EQ(moved(9), (model::Progress{9, {}}));
  EXPECT_EQ(moved(0), (model::Progress{0, {}})) << "back is for those who want them again";
}

TEST_F(Embedded, ANewBindingIsStoredWithOneWrite) {
  stream.partitions = 50;
  open();
  EmbeddedInput input({binding, at().stream, "s", "b", 50, {}}, *store, feed, mailbox, reader);
  const std::uint64_t before = store->activity().commits;
  ASSERT_TRUE(input.open(heard));
  EXPECT_EQ(store->activity().commits - before, 1U);
  EXPECT_EQ(heard.got.size(), 50U);
  EXPECT_TRUE(*store->cursor(binding, at(49)));
}

TEST_F(Embedded, WhatRetentionDroppedIsPassedOverAndSaid) {
  open();
  append_extents(5);
  settle_as({1, {{3, 4}}});
  retain();
  ASSERT_EQ(store->bounds(at())->earliest, 5);
  ::testing::internal::CaptureStderr();
  const model::Restored after = restored();
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(after.progress, (model::Progress{5, {}}));
  EXPECT_EQ(store->cursor(binding, at())->value().settled, 5);
  EXPECT_NE(said.find("dropped 3 events of stream s, partition 0"), std::string::npos) << said;
}

TEST_F(Embedded, WhatIsSettledBeyondTheGapStaysSettled) {
  open();
  append_extents(2);
  settle_as({0, {{2, 4}, {6, 7}}});
  retain();
  append_extents(6);
  EXPECT_EQ(restored().progress, (model::Progress{4, {{6, 7}}}));
}

TEST_F(Embedded, RetriesOfOffsetsThatNeverComeAreRemoved) {
  open();
  append_extents(4);
  settle_as({1, {{2, 3}}}, {0, 1, 2, 3, 9});
  const model::Restored after = restored();
  ASSERT_EQ(after.retries.size(), 2U);
  EXPECT_EQ(retrying(), (std::vector<Offset>{1, 3}));
  retain();
  restored();
  EXPECT_TRUE(retrying().empty());
}

TEST_F(Embedded, SaysOfWhichStreamThePartitionIs) {
  open();
  EXPECT_EQ(restored().stream, store->incarnation(at().stream));
}

}  // namespace
}  // namespace pelton::stream
