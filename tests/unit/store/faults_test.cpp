// SPDX-License-Identifier: Apache-2.0
#include "engine/store/database.h"
#include "engine/store/ledger.h"
#include "tests/unit/store/faulty_segments.h"
#include "tests/unit/store/store_fixture.h"

#include <atomic>
#include <fstream>

namespace pelton::store {
namespace {

class Faults : public StoreFixture {
 protected:
  FaultySegments files;
};

TEST_F(StoreFixture, ASecondOneIsRefusedByProcess) {
  open();
  const StreamSpec streams[] = {stream};
  const auto second = Store::open(options, streams);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "E4101");
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
}

TEST_F(StoreFixture, PartitionsCannotBeTakenAway) {
  open();
  stream.partitions = 1;
  EXPECT_EQ(try_open().error().code, "E4103");
  stream.partitions = 3;
  EXPECT_TRUE(try_open());
}

TEST_F(StoreFixture, AFolderThatCannotBeIsNamed) {
  std::ofstream(folder.path() / "file") << "x";
  options.data = folder.path() / "file" / "data";
  EXPECT_EQ(try_open().error().code, "E4104");
}

TEST_F(Faults, AFailedSyncEndsEverything) {
  options.log_files = &files;
  open();
  std::atomic<int> told{0};
  store->set_failure_listener([&](const Error& error) {
    EXPECT_EQ(error.code, "E4106");
    ++told;
  });
  ASSERT_TRUE(append({"good"}));
  files.fail_at(2, "the disk is gone");
  EXPECT_EQ(append({"lost"}).error().code, "E4106");
  EXPECT_TRUE(store->failed());
  files.heal();
  EXPECT_EQ(append({"later"}).error().code, "E4106");  // no way back but a restart
  EXPECT_FALSE(settle(1));
  EXPECT_EQ(told, 1);
  store.reset();
  files.lose_all_unsynced();
  open();
  EXPECT_EQ(read(), (std::vector<std::string>{"good"}));
  EXPECT_TRUE(append({"again"}));
  store.reset();
}

TEST_F(StoreFixture, IntakeStopsBeforeTheDiskIsFull) {
  std::atomic<std::uint64_t> free{10'000};
  options.free_space_bytes = 1000;
  options.free_space = [&](const auto&) { return free.load(); };
  open();
  ASSERT_TRUE(append({"a"}));
  free = 999;
  store->run_maintenance();
  const auto refused = append({"b"});
  EXPECT_EQ(refused.error().code, "E4105");
  EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
  EXPECT_TRUE(settle(1));  // settling goes on
  free = 1050;
  store->run_maintenance();
  EXPECT_NE(store->disk_room(), DiskRoom::plenty);  // not before a tenth more
  free = 1200;
  store->run_maintenance();
  EXPECT_TRUE(append({"c"}));
}

TEST_F(StoreFixture, AFolderOfANewerFormatIsRefused) {
  open();
  store.reset();
  {
    auto database = Database::open(options, 0, [](const std::string&) {});
    rocksdb::WriteBatch newer;
    newer.Put((*database)->family(Family::meta), "format", "9");
    ASSERT_TRUE((*database)->apply(newer));
    ASSERT_TRUE((*database)->flush());
  }
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E4102");
  EXPECT_NE(refused.error().message.find("format 9"), std::string::npos);
}

TEST_F(StoreFixture, AFolderOfFormat1IsRefusedWithASentence) {
  rocksdb::Options old;
  old.create_if_missing = true;
  rocksdb::DB* made = nullptr;
  std::filesystem::create_directories(options.data);
  ASSERT_TRUE(rocksdb::DB::Open(old, (options.data / "db").string(), &made).ok());
  const std::unique_ptr<rocksdb::DB> db(made);
  rocksdb::ColumnFamilyHandle* streams = nullptr;
  ASSERT_TRUE(db->CreateColumnFamily({}, "streams", &streams).ok());
  db->DestroyColumnFamilyHandle(streams);
  ASSERT_TRUE(db->Close().ok());
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E4102");
  EXPECT_NE(refused.error().message.find("has format 1, this version reads format 4 only"),
            std::string::npos)
      << refused.error().message;
}

TEST_F(StoreFixture, AFolderWithUnknownFamiliesIsRefused) {
  open();
  store.reset();
  {
    auto database = Database::open(options, 0, [](const std::string&) {});
    rocksdb::ColumnFamilyHandle* added = nullptr;
    ASSERT_TRUE((*database)->db().CreateColumnFamily({}, "from_the_future", &added).ok());
    (*database)->db().DestroyColumnFamilyHandle(added);
  }
  EXPECT_EQ(try_open().error().code, "E4102");
}

TEST_F(Faults, AFailureIsToldToWhoListensLater) {
  options.log_files = &files;
  open();
  files.fail_at(2, "the disk is gone");
  ASSERT_FALSE(append({"lost"}));
  std::string told;
  store->set_failure_listener([&](const Error& error) { told = error.message; });
  EXPECT_NE(told.find("the disk is gone"), std::string::npos) << told;
  const Ledger::KeyValue entries[] = {{"a", "1"}};
  EXPECT_EQ(store->ledger().put("inbox", entries).error().code, "E4106");
  store.reset();
}

TEST_F(StoreFixture, LargeAppendsLookAtTheDiskBetweenIntervals) {
  std::atomic<std::uint64_t> free{10'000};
  options.free_space_bytes = 1000;
  options.free_space = [&](const auto&) { return free.load(); };
  open();
  free = 10;
  std::string code;
  for (int i = 0; i < 40 && code.empty(); ++i)
    if (auto done = append({std::string(1'000'000, 'x')}); !done) code = done.error().code;
  EXPECT_EQ(code, "E4105");
}

}  // namespace
}  // namespace pelton::store
