// SPDX-License-Identifier: Apache-2.0
// Files that are not what was written: an error with its place, never wrong or missing data.
#include "engine/store/database.h"
#include "engine/store/keys.h"
#include "tests/unit/store/faulty_segments.h"
#include "tests/unit/store/store_fixture.h"

#include <filesystem>

namespace pelton::store {
namespace {

namespace fs = std::filesystem;

class Damage : public StoreFixture {
 protected:
  static constexpr int kBatches = 50;
  static constexpr std::size_t kSize = 3000;

  Damage() { options.log_files = &files; }

  // Batches of 3,000 bytes, and RocksDB as after a kill: only the log has them.
  void fill() {
    open();
    for (int i = 0; i < kBatches; ++i) ASSERT_TRUE(append({text(i)}));
    kill();
  }
  // Nothing is flushed behind the back of a store that failed.
  void kill() {
    files.fail_at(1);
    ASSERT_FALSE(append({"never acknowledged"}));
    store.reset();
    files.lose_all_unsynced();
    files.heal();
  }
  static std::string text(int i) {
    std::string data = std::to_string(i);
    return data.append(kSize, 'x');
  }
  std::string& log() { return files.bytes(1); }
  std::size_t find(int batch) { return log().find(text(batch)); }
  void expect_refused() {
    const auto refused = try_open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "E4001");
    EXPECT_EQ(refused.error().kind, ErrorKind::corrupt);
    EXPECT_NE(refused.error().message.find("segment 00000001.log"), std::string::npos)
        << refused.error().message;
  }

  FaultySegments files;
};

TEST_F(Damage, NothingIsLostWhenTheLogIsReplayed) {
  fill();
  open();
  EXPECT_EQ(store->bounds(at())->end, kBatches);
  EXPECT_EQ(read().back(), text(kBatches - 1));
}

TEST_F(Damage, OfABatchInTheMiddleOfTheLogIsRefused) {
  fill();
  log()[find(kBatches / 2) + 100] ^= 1;
  expect_refused();
}

TEST_F(Damage, OfABatchBeforeTheLastIsRefused) {
  fill();
  log()[find(kBatches - 2) + 100] ^= 1;
  expect_refused();
}

// Every byte of one group: header, directory, batch, metadata.
TEST_F(Damage, AnyBitOfAGroupThatOthersFollowIsRefused) {
  open();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(append({std::to_string(i)}));
  const std::size_t begin = log().size();
  ASSERT_TRUE(append({"five"}));
  const std::size_t end = log().size();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(append({std::to_string(i)}));
  kill();
  const auto padding = RecordHeader{}.padded_size() - RecordHeader{}.size() + kRecordAlignment;
  for (std::size_t at = (begin + 7) / 8 * 8; at < end - padding; at += 13) {
    log()[at] ^= 4;
    const auto refused = try_open();
    EXPECT_FALSE(refused) << at - begin;
    store.reset();
    log()[at] ^= 4;
  }
  open();
  EXPECT_EQ(read().size(), 9U);
}

TEST_F(Damage, ALastGroupThatWasCutOffIsForgotten) {
  fill();
  log().resize(find(kBatches - 1) + kSize / 2);
  open();
  EXPECT_EQ(store->bounds(at())->end, kBatches - 1);
  EXPECT_EQ(read().back(), text(kBatches - 2));
  EXPECT_EQ(*append({"next"}), kBatches - 1);
  open();
  EXPECT_EQ(read().back(), "next");
}

TEST_F(Damage, ALastGroupOfWhichAPageNeverReachedTheDiskIsForgotten) {
  fill();
  log().replace(find(kBatches - 1) + 500, 1000, std::string(1000, '\0'));
  open();
  EXPECT_EQ(store->bounds(at())->end, kBatches - 1);
  EXPECT_EQ(*append({"next"}), kBatches - 1);
}

TEST_F(Damage, ASegmentThatIsGoneIsRefused) {
  fill();
  open();
  store.reset();
  files.files().clear();
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E4001");
  EXPECT_NE(refused.error().message.find("segment of the log is missing"), std::string::npos);
}

// Whoever deletes `db` alone must not have the log written over.
TEST_F(Damage, ALogWithoutItsDatabaseIsRefused) {
  fill();
  fs::remove_all(options.data / "db");
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E4001");
  EXPECT_NE(refused.error().message.find("belongs to another log"), std::string::npos);
}

TEST_F(Damage, OfABatchThatIsReadIsNamedByPlace) {
  options.tail_bytes = 0;
  fill();
  open();
  open();  // all of it is applied and flushed
  log()[find(1) + 100] ^= 1;
  const auto batches = store->read(at(), 0, 10'000'000);
  ASSERT_FALSE(batches);
  EXPECT_EQ(batches.error().kind, ErrorKind::corrupt);
  EXPECT_EQ(batches.error().code, "E4001");
  EXPECT_NE(batches.error().message.find("stream s, partition 0, offset 1"), std::string::npos)
      << batches.error().message;
  EXPECT_TRUE(store->read(at(), 3, 1000));  // the rest is given out
}

TEST_F(Damage, ATableThatIsGoneIsRefused) {
  fill();
  open();
  store.reset();
  fs::path table;
  for (const auto& each : fs::directory_iterator(options.data / "db"))
    if (each.path().extension() == ".sst") table = each.path();
  ASSERT_FALSE(table.empty());
  fs::remove(table);
  EXPECT_FALSE(try_open());
}

TEST_F(Damage, ABatchThatIsGoneIsNotSkipped) {
  open();
  for (int i = 0; i < 4; ++i) append({std::string(1'500'000, 'x')});
  const model::StreamPartition where = at();
  store.reset();
  {
    auto database = Database::open(options, [](const std::string&) {});
    rocksdb::WriteBatch removal;
    removal.Delete((*database)->family(Family::index), keys::batch(where, 1));
    ASSERT_TRUE((*database)->apply(removal));
    ASSERT_TRUE((*database)->flush());
  }
  open();
  const auto batches = store->read(at(), 0, 10'000'000);
  ASSERT_FALSE(batches);
  EXPECT_EQ(batches.error().code, "E4001");
  EXPECT_NE(batches.error().message.find("offset 1"), std::string::npos);
}

}  // namespace
}  // namespace pelton::store
