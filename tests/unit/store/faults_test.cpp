// SPDX-License-Identifier: Apache-2.0
#include "engine/store/database.h"
#include "tests/unit/store/store_fixture.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <fstream>

namespace pelton::store {
namespace {

// A file system whose log files stop taking syncs when told.
class FailingFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FailingFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, std::atomic<bool>& broken)
      : FSWritableFileOwnerWrapper(std::move(file)), broken_(broken) {}
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* context) override {
    if (broken_) return rocksdb::IOStatus::IOError("the disk is gone");
    return FSWritableFileOwnerWrapper::Sync(options, context);
  }

 private:
  std::atomic<bool>& broken_;
};

class FailingFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit FailingFileSystem(std::atomic<bool>& broken)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), broken_(broken) {}
  const char* Name() const override { return "failing"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* context) override {
    auto status = FileSystemWrapper::NewWritableFile(name, options, result, context);
    if (status.ok() && name.ends_with(".log"))
      *result = std::make_unique<FailingFile>(std::move(*result), broken_);
    return status;
  }

 private:
  std::atomic<bool>& broken_;
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

TEST_F(StoreFixture, AFailedSyncEndsEverything) {
  std::atomic<bool> broken{false};
  const auto env = rocksdb::NewCompositeEnv(std::make_shared<FailingFileSystem>(broken));
  options.env = env.get();
  open();
  std::atomic<int> told{0};
  store->set_failure_listener([&](const Error& error) {
    EXPECT_EQ(error.code, "E4106");
    ++told;
  });
  ASSERT_TRUE(append({"good"}));
  broken = true;
  EXPECT_EQ(append({"lost"}).error().code, "E4106");
  EXPECT_TRUE(store->failed());
  broken = false;
  EXPECT_EQ(append({"later"}).error().code, "E4106");  // no way back but a restart
  EXPECT_FALSE(settle(1));
  EXPECT_EQ(told, 1);
  open();
  EXPECT_EQ(read().front(), "good");
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
  EXPECT_FALSE(store->accepts_intake());  // not before a tenth more
  free = 1200;
  store->run_maintenance();
  EXPECT_TRUE(append({"c"}));
}

TEST_F(StoreFixture, AFolderOfANewerFormatIsRefused) {
  open();
  store.reset();
  {
    auto database = Database::open(options, [](const std::string&) {});
    rocksdb::WriteBatch newer;
    newer.Put((*database)->family(Family::meta), "format", "2");
    ASSERT_TRUE((*database)->write(newer));
  }
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E4102");
  EXPECT_NE(refused.error().message.find("format 2"), std::string::npos);
}

TEST_F(StoreFixture, AFolderWithUnknownFamiliesIsRefused) {
  open();
  store.reset();
  {
    auto database = Database::open(options, [](const std::string&) {});
    rocksdb::ColumnFamilyHandle* added = nullptr;
    ASSERT_TRUE((*database)->db().CreateColumnFamily({}, "from_the_future", &added).ok());
    (*database)->db().DestroyColumnFamilyHandle(added);
  }
  EXPECT_EQ(try_open().error().code, "E4102");
}

TEST_F(StoreFixture, AFailureIsToldToWhoListensLater) {
  std::atomic<bool> broken{false};
  const auto env = rocksdb::NewCompositeEnv(std::make_shared<FailingFileSystem>(broken));
  options.env = env.get();
  open();
  broken = true;
  ASSERT_FALSE(append({"lost"}));
  std::string told;
  store->set_failure_listener([&](const Error& error) { told = error.message; });
  EXPECT_NE(told.find("the disk is gone"), std::string::npos) << told;
  EXPECT_FALSE(store->accepts_intake());
  const Store::KeyValue entries[] = {{"a", "1"}};
  EXPECT_EQ(store->ledger_put("inbox", entries).error().code, "E4106");
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
