// SPDX-License-Identifier: Apache-2.0
// A disk that fills up: what is held back, the ballast, and that the store always starts again.
#include "tests/unit/store/faulty_segments.h"
#include "tests/unit/store/store_fixture.h"

#include <sys/stat.h>

#include <atomic>

namespace pelton::store {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBallast = 1U << 20;

// A disk of `capacity` bytes that holds the log, the ballast and `others`.
class Disk : public StoreFixture {
 protected:
  Disk() {
    options.log_files = &files;
    options.segment_bytes = 64U << 10;
    options.ballast_bytes = kBallast;
    options.free_space_bytes = 2U << 20;
    options.free_space = [this](const fs::path&) {
      return room_for_log() - std::min(room_for_log(), files.total());
    };
    files.set_capacity([this] { return room_for_log(); });
  }
  fs::path ballast() const { return options.data / "ballast"; }
  std::uint64_t ballast_size() const {
    std::error_code none;
    const auto size = fs::file_size(ballast(), none);
    return none ? 0 : size;
  }
  std::uint64_t room_for_log() const {
    const std::uint64_t used = others + ballast_size();
    return capacity - std::min(capacity, used);
  }
  std::uint64_t free() const { return options.free_space(options.data); }
  // Somebody else writes until so much is free.
  void leave_free(std::uint64_t bytes) { others += free() - bytes; }

  static constexpr std::uint64_t capacity = 32U << 20;
  std::atomic<std::uint64_t> others{0};
  FaultySegments files;
};

TEST_F(Disk, TheBallastIsMadeWhileThereIsSpace) {
  open();
  EXPECT_EQ(ballast_size(), kBallast);
  struct stat info {};
  ASSERT_EQ(::stat(ballast().c_str(), &info), 0);
  EXPECT_GE(static_cast<std::uint64_t>(info.st_blocks) * 512, kBallast)
      << "a sparse file holds no space";
  store.reset();
  fs::remove(ballast());
  leave_free((2U << 20) + 1000);  // more than the limit, but not with the ballast
  open();
  EXPECT_EQ(ballast_size(), 0U);
}

TEST_F(Disk, AStartOnAFullDiskGetsTheBallast) {
  open();
  ASSERT_TRUE(append({"kept"}));
  store.reset();
  leave_free(0);
  open();
  EXPECT_EQ(ballast_size(), 0U);
  EXPECT_EQ(read(), (std::vector<std::string>{"kept"}));
  EXPECT_NE(store->disk_room(), DiskRoom::plenty);
  EXPECT_TRUE(settle(1));
  EXPECT_EQ(append({"refused"}).error().code, "E4105");
  others = 0;
  store->run_maintenance();
  EXPECT_EQ(store->disk_room(), DiskRoom::plenty);
  EXPECT_EQ(ballast_size(), kBallast) << "it is made again once space is back";
}

TEST_F(Disk, TheLevelsComeInOrderAndGoWithATenthMore) {
  std::vector<std::string> said;
  open();
  store->set_notice_listener([&](const std::string& sentence) { said.push_back(sentence); });
  const auto room_at = [&](std::uint64_t bytes) {
    leave_free(bytes);
    store->run_maintenance();
    return store->disk_room();
  };
  EXPECT_EQ(room_at(2'200'000), DiskRoom::plenty);
  EXPECT_EQ(room_at(2'000'000), DiskRoom::low);
  EXPECT_EQ(room_at(1'000'000), DiskRoom::exhausted);
  EXPECT_EQ(room_at(1'100'000), DiskRoom::exhausted);
  EXPECT_EQ(room_at(1'200'000), DiskRoom::low);
  EXPECT_EQ(room_at(2'200'000), DiskRoom::low);
  EXPECT_EQ(room_at(2'400'000), DiskRoom::plenty);
  EXPECT_EQ(said.size(), 3U) << "low, exhausted, and back";
}

// The engine's own transactions are not refused: they get the ballast.
TEST_F(Disk, AWriteThatMeetsAFullDiskGetsTheBallast) {
  open();
  leave_free(100);
  model::Transaction output;
  output.appends.push_back({at(), batch({std::string(100'000, 'x')})});
  ASSERT_TRUE(commit(std::move(output), Origin::engine));
  EXPECT_EQ(ballast_size(), kBallast / 2) << "the next start needs some";
  EXPECT_FALSE(store->failed());
  open();
  EXPECT_EQ(read().size(), 1U);
}

TEST_F(Disk, OneThatDoesNotFitEvenThenEndsTheEngineAndItStartsAgain) {
  open();
  ASSERT_TRUE(append({"kept"}));
  leave_free(100);
  model::Transaction output;
  output.appends.push_back({at(), batch({std::string(3'000'000, 'x')})});
  EXPECT_EQ(commit(std::move(output), Origin::engine).error().code, "E4106");
  EXPECT_TRUE(store->failed());
  store.reset();
  EXPECT_GE(free(), kBallast / 2) << "the torn group holds no space";
  EXPECT_EQ(ballast_size(), kBallast / 2);
  open();
  EXPECT_EQ(read(), (std::vector<std::string>{"kept"}));
  EXPECT_TRUE(settle(1));
}

std::uint64_t size_of(const fs::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) bytes += entry.file_size();
  return bytes;
}

// 40 letters of 200 KB, in RocksDB and in the log.
class Purge : public StoreFixture {
 protected:
  Purge() {
    options.free_space_bytes = 1000;
    options.free_space = [this](const fs::path&) { return free.load(); };
  }
  void bury(Offset first, Offset count) {
    for (Offset offset = first; offset < first + count; ++offset) {
      model::DeadLetter letter;
      letter.id = {binding, PartitionId{0}, offset};
      letter.event = batch({std::string(200'000, 'x')});
      model::Transaction transaction;
      transaction.dead_letters.push_back(std::move(letter));
      ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
    }
  }
  void purge(Offset first, Offset count) {
    model::Transaction transaction;
    for (Offset offset = first; offset < first + count; ++offset)
      transaction.dead_letters_removed.push_back({binding, PartitionId{0}, offset});
    ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  }

  std::atomic<std::uint64_t> free{1U << 30};
};

TEST_F(Purge, GivesTheSpaceOfRocksDbBack) {
  open();
  bury(0, 40);
  open();  // flushed
  ASSERT_GT(size_of(options.data / "db"), 8'000'000U);
  purge(0, 30);
  store->run_maintenance();
  EXPECT_LT(size_of(options.data / "db"), 3'000'000U);
  EXPECT_EQ(store->dead_letter_count(binding), 10U);
}

TEST_F(Purge, WhereSpaceIsShortTheLogsTooAtOnce) {
  open();
  bury(0, 40);
  purge(0, 40);
  free = 100;
  store->run_maintenance();
  store->run_maintenance();
  EXPECT_LT(size_of(options.data), 1'000'000U);
  open();
  EXPECT_EQ(store->dead_letter_count(binding), 0U);
}

}  // namespace
}  // namespace pelton::store
