// SPDX-License-Identifier: Apache-2.0
// The log and its bookkeeping by themselves: what a whole store shows only in a narrow window.
#include "engine/base/crc32c.h"
#include "engine/store/database.h"
#include "engine/store/logs.h"
#include "tests/unit/store/faulty_segments.h"
#include "tests/unit/store/store_fixture.h"

#include <fstream>

namespace pelton::store {
namespace {

class LogTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kId = 7;
  static constexpr std::uint64_t kSegment = 4096;

  // The place of a group, given as the builder does. Its metadata is its whole content.
  static LogSlot reserve(Log& log, const std::string& metadata, std::string& record) {
    const LogSlot slot = log.reserve(kHeaderSize + metadata.size()).value();
    const RecordHeader header{kId, slot.lap, slot.group, 0, metadata.size(), 0, crc32c(metadata)};
    log.reserved(header.padded_size());
    record = encode(header) + metadata;
    return slot;
  }
  static Status write(Log& log, const LogSlot& slot, std::string& record) {
    iovec part{record.data(), record.size()};
    return log.write(slot, {&part, 1});
  }
  static LogSlot add(Log& log, const std::string& metadata) {
    std::string record;
    const LogSlot slot = reserve(log, metadata, record);
    EXPECT_TRUE(write(log, slot, record));
    return slot;
  }
  // Opens the log and collects what it hands over.
  Status open(Log& log, const LogSlot& applied = {}) {
    replayed.clear();
    return log.open(applied, [this](std::string_view metadata) {
      replayed.emplace_back(metadata);
      return Status{};
    });
  }

  FaultySegments files;
  std::vector<std::string> replayed;
};

// The builder is a segment ahead, the group there is not written yet: the last applied one is in a
// sealed segment.
TEST_F(LogTest, TheSegmentOfTheLastAppliedGroupIsNotReleased) {
  LogSlot applied;
  {
    Log log(files, kId, kSegment);
    ASSERT_TRUE(open(log));
    applied = add(log, std::string(3000, 'a'));
    std::string record;
    const LogSlot next = reserve(log, std::string(3000, 'b'), record);
    ASSERT_NE(next.lap, applied.lap);
    EXPECT_FALSE(log.release(applied.group, 0).value());
    ASSERT_TRUE(write(log, next, record));
  }
  Log log(files, kId, kSegment);
  const auto ok = open(log, applied);
  ASSERT_TRUE(ok) << ok.error().text();
  EXPECT_EQ(replayed, (std::vector<std::string>{std::string(3000, 'b')}));
}

TEST_F(LogTest, ASegmentBeforeTheLastAppliedGroupIsReleased) {
  Log log(files, kId, kSegment);
  ASSERT_TRUE(open(log));
  add(log, std::string(3000, 'a'));
  const LogSlot applied = add(log, std::string(3000, 'b'));
  EXPECT_TRUE(log.release(applied.group, 0).value());
  EXPECT_EQ(files.list().value(), (std::vector<std::uint32_t>{2}));
}

// Its sync failed: RocksDB, which flushes when it likes, must not know it before the log does.
TEST_F(LogTest, AGroupIsNotAppliedBeforeItIsKnownToBeDurable) {
  {
    Log log(files, kId, kSegment);
    ASSERT_TRUE(open(log));
    add(log, "synced");
    std::string record;
    const LogSlot slot = reserve(log, "in the page cache", record);
    files.fail_at(2);
    ASSERT_FALSE(write(log, slot, record));
  }
  {
    files.fail_at(1);
    Log log(files, kId, kSegment);
    EXPECT_EQ(open(log).error().code, "E4106");
    EXPECT_EQ(replayed, (std::vector<std::string>{"synced"}));
  }
  files.heal();
  Log log(files, kId, kSegment);
  ASSERT_TRUE(open(log));
  EXPECT_EQ(replayed, (std::vector<std::string>{"synced", "in the page cache"}));
  files.lose_all_unsynced();
  EXPECT_NE(files.bytes(1).find("in the page cache"), std::string::npos);
}

TEST_F(LogTest, ACopyOfASegmentIsRefused) {
  {
    Log log(files, kId, kSegment);
    ASSERT_TRUE(open(log));
    add(log, "a");
  }
  files.files()[2] = files.files()[1];
  Log log(files, kId, kSegment);
  const auto refused = open(log);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E4001");
  EXPECT_NE(refused.error().message.find("00000002.log is a copy"), std::string::npos)
      << refused.error().message;
}

// A backup that an operator left beside a segment was opened as that segment, twice.
TEST_F(LogTest, OnlyExactNamesAreSegments) {
  const test::TemporaryFolder folder;
  const auto real = segment_folder(folder.path());
  ASSERT_TRUE(real->open(1));
  for (const char* name : {"00000001.old.log", "1.log", "notes.log", "00000002.log.bak"})
    std::ofstream(folder.path() / name) << "x";
  EXPECT_EQ(real->list().value(), (std::vector<std::uint32_t>{1}));
}

class LogsTest : public StoreFixture {
 protected:
  LogsTest() {
    std::filesystem::create_directories(options.data);
    database = Database::open(options, 0, [](const std::string&) {}).value();
    log = std::make_unique<Log>(files, database->log_id(), options.segment_bytes);
    logs = std::make_unique<Logs>(*database, *log, options.tail_bytes, nullptr);
    const StreamSpec streams[] = {stream};
    const auto ok = logs->open(streams, [this](Changes&& changes) { return apply(changes); });
    if (!ok) throw std::runtime_error(ok.error().text());
    where = {logs->find("s").value(), PartitionId{0}};
  }
  Status apply(const Changes& changes) {
    rocksdb::WriteBatch batch;
    for (const Changes::Change& change : changes.all())
      batch.Put(database->family(change.family), change.key, change.value);
    return database->apply(batch);
  }
  void come(Offset base) {
    const model::PlacedBatch placed[] = {{where, base, batch({"x"})}};
    IndexEntry entry;
    entry.span = 1;
    logs->append(placed, {&entry, 1});
  }
  Logs::Cut cut(const std::deque<Extent>& extents, std::uint64_t unsettled) {
    Logs::Cut cut{.at = where, .extents = {}, .up_to = extents.back().end, .unsettled = unsettled};
    for (const Extent& extent : extents) cut.extents.push_back(extent.begin);
    return cut;
  }

  FaultySegments files;
  std::unique_ptr<Database> database;
  std::unique_ptr<Log> log;
  std::unique_ptr<Logs> logs;
  model::StreamPartition where;
};

// Retention by time takes the newest extent too. A batch that has just come to it must stay.
TEST_F(LogsTest, AnExtentThatGrewSinceItWasLookedAtIsNotDropped) {
  come(0);
  const auto seen = logs->extents(where);
  come(1);
  std::vector<Logs::Cut> cuts{cut(seen, 1)};
  logs->drop(cuts);
  EXPECT_TRUE(cuts.empty());
  EXPECT_EQ(logs->stats(where)->bounds.earliest, 0);
  EXPECT_EQ(logs->stats(where)->dropped_unsettled, 0U);
  const auto now = logs->extents(where);
  cuts = {cut(now, 0)};
  logs->drop(cuts);
  EXPECT_EQ(cuts.size(), 1U);
  EXPECT_EQ(logs->stats(where)->bounds.earliest, 2);
}

}  // namespace
}  // namespace pelton::store
