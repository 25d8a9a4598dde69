// SPDX-License-Identifier: Apache-2.0
// The log on a disk that fails at any operation and forgets what was not synced: whatever was
// acknowledged is there, the rest is there wholly or not at all.
#include "tests/unit/store/faulty_segments.h"
#include "tests/unit/store/store_fixture.h"

#include <thread>

namespace pelton::store {
namespace {

class Power : public StoreFixture {
 protected:
  Power() {
    options.log_files = &files;
    options.segment_bytes = 64 << 10;
    options.tail_bytes = 0;
    options.now = [this] { return clock.load(); };
    stream.retention_bytes = 2 << 20;
  }
  // Number n to both partitions with a cursor, one transaction; large ones fill segments.
  Status append_number(std::int64_t n) {
    model::Transaction transaction;
    const auto event = batch({std::to_string(n) + std::string(n % 7 == 0 ? 20'000 : 100, 'x')});
    transaction.appends.push_back({at(0), event});
    transaction.appends.push_back({at(1), event});
    transaction.progress.push_back({binding, at(0), {n + 1, {}}});
    auto done = commit(std::move(transaction));
    return done ? Status{} : std::unexpected(done.error());
  }
  std::int64_t append_until_failure(std::int64_t from) {
    std::int64_t n = from;
    while (n < from + kMost && append_number(n)) ++n;
    return n;
  }
  // All of a transaction or nothing, and everything below `acknowledged`.
  void expect_whole(std::int64_t acknowledged) {
    const StreamBounds bounds = *store->bounds(at(0));
    EXPECT_GE(bounds.end, acknowledged);
    EXPECT_LE(bounds.end, acknowledged + 1);
    EXPECT_EQ(store->bounds(at(1))->end, bounds.end);
    if (bounds.end > 0) {
      EXPECT_EQ(store->cursor(binding, at(0))->value().settled, bounds.end);
    }
    for (const std::uint32_t partition : {0U, 1U}) {
      std::int64_t n = store->bounds(at(partition))->earliest;
      for (const std::string& data : read(n, partition))
        EXPECT_EQ(data.substr(0, data.find('x')), std::to_string(n++));
      EXPECT_EQ(n, bounds.end);
    }
  }

  static constexpr std::int64_t kMost = 30;
  FaultySegments files;
  std::atomic<WallTime> clock{from_us(1'700'000'000'000'000)};
};

TEST_F(Power, FailsAtAnyOperation) {
  std::mt19937 random(7);
  open();
  std::int64_t n = 0;
  for (std::uint64_t operation = 1; operation <= 24; ++operation) {
    SCOPED_TRACE(testing::Message() << "operation " << operation);
    files.fail_at(operation, operation % 2 == 0 ? "No space left on device" : "Input/output error");
    const std::int64_t acknowledged = append_until_failure(n);
    ASSERT_TRUE(store->failed());
    EXPECT_EQ(append_number(n).error().code, "E4106");
    store.reset();
    files.lose_unsynced(random);
    files.heal();
    open();
    expect_whole(acknowledged);
    if (HasFailure()) return;
    n = store->bounds(at(0))->end;
  }
}

TEST_F(Power, IsLostWithAnythingInFlight) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    open();
    const std::int64_t first = store->bounds(at(0))->end;
    files.fail_at(1 + random() % 40);
    const std::int64_t acknowledged = append_until_failure(first);
    store.reset();
    files.lose_unsynced(random);
    files.heal();
    open();
    expect_whole(acknowledged);
    store->run_maintenance();  // what retention drops is not replayed into the log
    expect_whole(acknowledged);
    if (HasFailure()) return;
  }
}

TEST_F(Power, AnAppliedGroupThatWasNotFlushedComesFromTheLog) {
  open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append_number(i));
  files.fail_at(1);
  ASSERT_FALSE(append_number(10));
  store.reset();  // RocksDB loses what it had in memory
  files.lose_all_unsynced();
  files.heal();
  open();
  expect_whole(10);
  EXPECT_EQ(store->bounds(at(0))->end, 10);
}

// A group that is whole in the page cache only is made durable before others rest on it.
TEST_F(Power, AGroupWhoseSyncFailedIsSyncedAtTheStart) {
  open();
  ASSERT_TRUE(append_number(0));
  files.fail_at(2);  // written, not synced
  ASSERT_FALSE(append_number(1));
  store.reset();
  files.heal();
  open();  // the process died, the machine did not
  EXPECT_EQ(store->bounds(at(0))->end, 2);
  files.lose_all_unsynced();
  expect_whole(2);
}

TEST_F(Power, SegmentsAreRecycled) {
  open();
  std::vector<std::uint32_t> numbers;
  for (std::int64_t n = 0; n < 400; ++n) {
    ASSERT_TRUE(append_number(7 * n));
    ASSERT_TRUE(settle(n + 1, 0));
    ASSERT_TRUE(settle(n + 1, 1));
    if (n % 10 == 0) store->run_maintenance();
  }
  store->run_maintenance();
  EXPECT_GT(store->bounds(at(0))->earliest, 0);
  // 16 MB went through; two partitions keep a MiB each, and an extent that still grows.
  EXPECT_LT(files.files().size() * options.segment_bytes, 8U << 20);
  open();
  EXPECT_EQ(store->bounds(at(0))->end, 400);
  const auto rest = read(store->bounds(at(0))->earliest);
  EXPECT_EQ(rest.size(), static_cast<std::size_t>(400 - store->bounds(at(0))->earliest));
}

// What the previous lap left behind the end of the log is neither taken for a group nor for damage.
TEST_F(Power, OldLapsAreNotMistakenForGroups) {
  std::mt19937 random(3);
  open();
  std::int64_t n = 0;
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 60; ++i, ++n) ASSERT_TRUE(append_number(7 * n));
    ASSERT_TRUE(settle(n, 0));
    ASSERT_TRUE(settle(n, 1));
    store->run_maintenance();
    files.fail_at(1 + random() % 2);
    ASSERT_FALSE(append_number(7 * n));
    store.reset();
    files.lose_unsynced(random);
    files.heal();
    open();
    ASSERT_GE(store->bounds(at(0))->end, n);
    n = store->bounds(at(0))->end;
  }
}

// What a start would replay is not written over.
TEST_F(Power, NoSegmentIsRecycledBeforeItsMetadataIsFlushed) {
  stream.retention_bytes.reset();
  stream.retention_time = std::chrono::hours(1);
  stream.bindings = {};
  open();
  ASSERT_TRUE(append({std::string(30'000, 'a')}));
  open();  // the first group is flushed, the next ones are not
  ASSERT_TRUE(append({std::string(20'000, 'b')}));
  ASSERT_TRUE(append({std::string(20'000, 'c')}));  // in the second segment
  clock = clock.load() + std::chrono::hours(2);
  store->run_maintenance();
  ASSERT_EQ(store->bounds(at())->earliest, 3);
  ASSERT_TRUE(append({std::string(30'000, 'd')}));
  // In the first segment again: it is written over, then the power fails.
  files.fail_at(2);
  ASSERT_FALSE(append({std::string(30'000, 'e')}));
  ASSERT_EQ(files.files().size(), 2U);
  store.reset();
  files.heal();
  open();
  EXPECT_EQ(store->bounds(at())->end, 5);
  EXPECT_EQ(read(3).size(), 2U);
}

TEST_F(Power, LivingBatchesOfMostlyDeadSegmentsAreCopiedForward) {
  stream.retention_bytes.reset();
  stream.retention_time = std::chrono::hours(1);
  stream.bindings = {};
  open();
  const std::string kept(2000, 'k');
  // Partition 1 gets a little now and then, and its extent keeps growing: it is never dropped.
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(append({std::string(40'000, 'd')}, 0));
    if (i % 4 == 0) {
      ASSERT_TRUE(append({kept}, 1));
    }
  }
  const std::size_t before = files.files().size();
  clock = clock.load() + std::chrono::hours(2);
  ASSERT_TRUE(append({kept}, 1));  // the extent is young again
  for (int i = 0; i < 8; ++i) store->run_maintenance();
  EXPECT_EQ(store->bounds(at(0))->earliest, 100);
  EXPECT_LT(files.files().size(), before / 4);
  EXPECT_EQ(read(0, 1), std::vector<std::string>(26, kept));
  open();
  EXPECT_EQ(read(0, 1), std::vector<std::string>(26, kept));
  EXPECT_EQ(*append({"next"}, 1), 26);
}

TEST_F(Power, ReadersSeeNothingOfRecycling) {
  open();
  std::atomic<bool> end{false};
  std::atomic<std::uint64_t> batches{0};
  {
    std::jthread reader([&] {
      while (!end) {
        const auto found = store->read(at(), 0, 300'000);
        EXPECT_TRUE(found) << found.error().text();
        if (!found) return;
        for (const model::PlacedBatch& placed : *found) {
          EXPECT_EQ(placed.batch->data(0).substr(0, 1 + std::to_string(placed.base).size()),
                    std::to_string(placed.base) + "x");
          ++batches;
        }
      }
    });
    for (std::int64_t n = 0; n < 400; ++n) {
      EXPECT_TRUE(append({std::to_string(n) + std::string(30'000, 'x')}));
      EXPECT_TRUE(settle(n + 1));
      if (n % 8 == 0) store->run_maintenance();
    }
    end = true;
  }
  EXPECT_GT(store->bounds(at())->earliest, 0);
  EXPECT_GT(batches, 100U);
}

// What is metadata only is wanted until RocksDB has flushed it, and no longer.
TEST_F(Power, RetriesAloneKeepTheLogSmall) {
  open();
  constexpr std::int64_t kAttempts = 600;
  std::size_t most = 0;
  for (std::int64_t n = 0; n < kAttempts; ++n) {
    model::Transaction transaction;
    model::RetryState state{static_cast<std::uint32_t>(n), 0, clock.load(), clock.load(), {}};
    state.history.push_back({static_cast<std::uint32_t>(n),
                             clock.load(),
                             "error",
                             "ValueError",
                             std::string(4000, 'm'),
                             {},
                             "f-1"});
    transaction.retries.push_back({binding, at(), n % 7, std::move(state), true});
    ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
    if (n % 10 == 0) store->run_maintenance();
    most = std::max(most, files.files().size());
  }
  EXPECT_LE(most, 8U) << "segments, of the 38 that were filled";
  open();
  ASSERT_EQ(store->retries(binding, at())->size(), 7U);
  EXPECT_EQ(store->retries(binding, at())->front().state->attempts, 595U);
}

TEST_F(Power, AGroupAboveTheSizeOfASegmentHasAFileOfItsOwn) {
  open();
  ASSERT_TRUE(append({"small"}));
  ASSERT_TRUE(append({std::string(300'000, 'L')}));
  ASSERT_TRUE(append({"after"}));
  open();
  EXPECT_EQ(read().size(), 3U);
  EXPECT_EQ(read(1).front().size(), 300'000U);
}

TEST_F(Power, StreamsThatAreNotConfiguredKeepTheirBatches) {
  open();
  ASSERT_TRUE(append({"kept"}));
  StreamSpec other = stream;
  other.name = "other";
  store.reset();
  {
    auto opened = Store::open(options, {&other, 1});
    ASSERT_TRUE(opened);
    (*opened)->run_maintenance();
    const model::StreamPartition place{*(*opened)->find_stream("other"), PartitionId{0}};
    for (int i = 0; i < 10; ++i) {
      model::Transaction transaction;
      transaction.appends.push_back({place, batch({std::string(50'000, 'o')})});
      ASSERT_TRUE(
          (*opened)->submit_and_wait(std::move(transaction), Origin::outside,
                                     std::chrono::steady_clock::now() + std::chrono::seconds(10)));
      (*opened)->run_maintenance();
    }
  }
  open();
  EXPECT_EQ(read(), (std::vector<std::string>{"kept"}));
}

}  // namespace
}  // namespace pelton::store
