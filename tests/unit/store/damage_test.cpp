// SPDX-License-Identifier: Apache-2.0
// Files that are not what was written: an error with its place, never wrong or missing data.
#include "engine/store/database.h"
#include "engine/store/keys.h"
#include "engine/store/wal_check.h"
#include "tests/unit/store/store_fixture.h"

#include <algorithm>
#include <fstream>

namespace pelton::store {
namespace {

namespace fs = std::filesystem;

class Damage : public StoreFixture {
 protected:
  static constexpr int kBatches = 50;
  static constexpr std::size_t kSize = 3000;

  // Batches of 3,000 bytes, closed: all of it in one log.
  void fill() {
    open();
    for (int i = 0; i < kBatches; ++i) ASSERT_TRUE(append({text(i)}));
    store.reset();
  }
  static std::string text(int i) {
    std::string data = std::to_string(i);
    return data.append(kSize, 'x');
  }
  // The largest file of that kind.
  fs::path file(const std::string& extension) {
    fs::path found;
    for (const auto& each : fs::directory_iterator(options.data / "db"))
      if (each.path().extension() == extension &&
          (found.empty() || each.file_size() > fs::file_size(found)))
        found = each.path();
    return found;
  }
  static void overwrite(const fs::path& path, std::uint64_t at, const std::string& bytes) {
    std::fstream out(path, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(at));
    out << bytes;
  }
};

TEST_F(Damage, InTheMiddleOfTheLogIsRefused) {
  fill();
  const fs::path log = file(".log");
  overwrite(log, fs::file_size(log) / 2, "DAMAGE");
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E4001");
  EXPECT_EQ(refused.error().kind, ErrorKind::corrupt);
}

TEST_F(Damage, NearTheEndOfTheLogIsRefused) {
  fill();
  const fs::path log = file(".log");
  // The length of some record in the last block: RocksDB alone would take that for a torn end.
  const std::string bytes = test::read_file(log);
  const std::size_t at = bytes.find(text(kBatches - 3));
  ASSERT_GT(at, (bytes.size() - 1) / 32768 * 32768);
  const std::size_t record = bytes.rfind('\1', at - 60);
  overwrite(log, record - 2, "\xff\x7f");
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E4001");
  EXPECT_NE(refused.error().message.find(log.filename().string()), std::string::npos)
      << refused.error().message;
}

TEST_F(Damage, ALastWriteThatWasCutOffIsForgotten) {
  fill();
  const fs::path log = file(".log");
  fs::resize_file(log, fs::file_size(log) - kSize / 2);
  open();
  EXPECT_EQ(store->bounds(at())->end, kBatches - 1);
  EXPECT_EQ(read().back(), text(kBatches - 2));
}

TEST_F(Damage, ALastWriteOfWhichAPageNeverReachedTheDiskIsForgotten) {
  fill();
  const fs::path log = file(".log");
  overwrite(log, fs::file_size(log) - 2000, std::string(1000, '\0'));
  open();
  EXPECT_EQ(store->bounds(at())->end, kBatches - 1);
  EXPECT_EQ(*append({"next"}), kBatches - 1);
}

TEST_F(Damage, ALogIsWholeUnlessItIsTouched) {
  fill();
  const fs::path log = file(".log");
  EXPECT_EQ(*wal::check_log(log, 0), wal::Condition::whole);
  overwrite(log, 40'000, "x!");
  EXPECT_EQ(*wal::check_log(log, 0), wal::Condition::damaged);
  EXPECT_EQ(wal::check_log(log.string() + ".not", 0).error().code, "E4104");
}

TEST_F(Damage, InATableIsNamedByPlace) {
  open();
  for (int i = 0; i < 5; ++i) append({std::string(1'500'000, static_cast<char>('a' + i))});
  open();  // the log became a table
  store.reset();
  const fs::path table = file(".sst");
  ASSERT_FALSE(table.empty());
  overwrite(table, 2'000'000, "DAMAGE");
  open();
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
  fs::remove(file(".sst"));
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
    removal.Delete((*database)->family(Family::streams), keys::batch(where, 1));
    ASSERT_TRUE((*database)->write(removal));
  }
  open();
  const auto batches = store->read(at(), 0, 10'000'000);
  ASSERT_FALSE(batches);
  EXPECT_EQ(batches.error().code, "E4001");
  EXPECT_NE(batches.error().message.find("offset 1"), std::string::npos);
}

}  // namespace
}  // namespace pelton::store
