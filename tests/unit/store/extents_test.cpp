// SPDX-License-Identifier: Apache-2.0
// Extents are stored behind the batches that they cover: whatever of them was not stored when the
// engine ended, no event is hidden by it, at this start or at a later one.
#include "tests/unit/store/faulty_segments.h"
#include "tests/unit/store/store_fixture.h"

namespace pelton::store {
namespace {

constexpr std::size_t kWhole = 1'100'000;  // an extent each

class Extents : public StoreFixture {
 protected:
  Extents() {
    options.log_files = &files;
    options.segment_bytes = 256 << 10;
    options.tail_bytes = 0;
    stream.partitions = 1;
    stream.bindings = {};
  }
  void kill() {
    files.fail_at(1);
    static_cast<void>(append({"never acknowledged"}));
    store.reset();
    files.lose_all_unsynced();
    files.heal();
  }
  // Of the batches that are there, by their extents and by themselves.
  void expect_all_covered(model::StreamPartition where) {
    const PartitionStats stats = *store->stats(where);
    std::uint64_t bytes = 0;
    for (Offset at = stats.bounds.earliest; at < stats.bounds.end;) {
      const auto batches = store->read(where, at, 1);
      ASSERT_TRUE(batches) << batches.error().text();
      ASSERT_FALSE(batches->empty());
      bytes += batches->front().batch->bytes().size();
      at = batches->front().base + batches->front().batch->span();
    }
    EXPECT_EQ(stats.bytes, bytes);
  }

  FaultySegments files;
};

TEST_F(Extents, OneThatNoGroupStoredIsStoredAfterTheNextStart) {
  open();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(append({std::string(kWhole, 'x')}));
  open();  // the first extent has ended, and nothing was written since
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(append({std::string(kWhole, 'x')}));
  open();
  EXPECT_EQ(store->bounds(at())->earliest, 0);
  EXPECT_EQ(store->bounds(at())->end, 4);
  expect_all_covered(at());
}

TEST_F(Extents, TheSameAfterAKillBetweenTwoGroups) {
  open();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(append({std::string(kWhole, 'x')}));
  kill();
  open();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(append({std::string(kWhole, 'x')}));
  kill();
  open();
  EXPECT_EQ(store->bounds(at())->earliest, 0);
  EXPECT_EQ(store->bounds(at())->end, 4);
  expect_all_covered(at());
}

// Beside "s", which retention drops and whose segments are recycled, a stream that keeps all.
class TwoStreams : public Extents {
 protected:
  TwoStreams() { stream.retention_bytes = 1 << 20; }

  void open_both() {
    StreamSpec kept;
    kept.name = "kept";
    kept.partitions = 1;
    const StreamSpec streams[] = {stream, kept};
    auto opened = Store::open(options, streams);
    ASSERT_TRUE(opened) << opened.error().text();
    store = std::move(*opened);
    store->run_maintenance();
  }
  model::StreamPartition kept() { return {*store->find_stream("kept"), PartitionId{0}}; }
  // Now and then a large event: most segments hold little that is kept, and are copied forward.
  Status append_both(Offset n) {
    model::Transaction transaction;
    transaction.appends.push_back({at(), batch({std::string(60'000, 'x')})});
    const std::size_t size = n % 4 == 0 ? 300'000 : 2'000;
    transaction.appends.push_back({kept(), batch({std::to_string(n) + std::string(size, 'x')})});
    auto done = commit(std::move(transaction));
    return done ? Status{} : std::unexpected(done.error());
  }
  Offset append_until_failure() {
    Offset n = store->bounds(kept())->end;
    for (; append_both(n); ++n)
      if (n % 3 == 0) store->run_maintenance();
    return n;
  }
  void expect_kept(Offset acknowledged) {
    const StreamBounds bounds = *store->bounds(kept());
    EXPECT_EQ(bounds.earliest, 0);
    EXPECT_GE(bounds.end, acknowledged);
    EXPECT_LE(bounds.end, acknowledged + 1);
    for (Offset n = 0; n < bounds.end; ++n) {
      const auto batches = store->read(kept(), n, 1);
      ASSERT_TRUE(batches) << batches.error().text();
      const std::string_view data = batches->front().batch->data(0);
      ASSERT_EQ(data.substr(0, data.find('x')), std::to_string(n));
    }
    expect_all_covered(kept());
    expect_all_covered(at());
  }
};

TEST_F(TwoStreams, RetentionOfOneNeverHidesTheOther) {
  std::mt19937 random(11);
  open_both();
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round);
    files.fail_at(1 + random() % 30);
    const Offset acknowledged = append_until_failure();
    store.reset();
    files.lose_unsynced(random);
    files.heal();
    open_both();
    expect_kept(acknowledged);
    if (HasFailure()) return;
  }
  EXPECT_GT(store->bounds(at())->earliest, 0);
}

}  // namespace
}  // namespace pelton::store
