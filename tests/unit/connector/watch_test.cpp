// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/watch.h"

#include "connectors/directory/folder.h"
#include "tests/contract/temporary_folder.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pelton::directory {
namespace {

namespace fs = std::filesystem;
using Kind = WatchEvent::Kind;

class WatchTest : public testing::Test {
 protected:
  WatchTest() : root_(*Folder::open(folder_.path(), CreateFolder::no)) {
    EXPECT_TRUE(watch_.open());
    EXPECT_TRUE(watch_.add(root_.fd(), ""));
  }
  // Events are queued by the system call that causes them: nothing to wait for.
  bool saw(Kind kind, const std::string& name) {
    std::size_t before = 0;
    do {
      before = events_.size();
      watch_.drain(events_);
    } while (events_.size() != before);
    return std::ranges::any_of(
        events_, [&](const WatchEvent& event) { return event.kind == kind && event.name == name; });
  }

  test::TemporaryFolder folder_;
  Folder root_;
  Watch watch_{100};
  std::vector<WatchEvent> events_;
};

TEST_F(WatchTest, TellsTheLifeOfAFile) {
  test::write_file(folder_.path() / "file", "text");
  EXPECT_TRUE(saw(Kind::linked, "file"));
  EXPECT_TRUE(saw(Kind::writing, "file"));
  EXPECT_TRUE(saw(Kind::complete, "file"));
  fs::remove(folder_.path() / "file");
  EXPECT_TRUE(saw(Kind::gone, "file"));
}

TEST_F(WatchTest, NamesInSubfoldersAreRelativeToTheRoot) {
  fs::create_directory(folder_.path() / "sub");
  EXPECT_TRUE(saw(Kind::folder_in, "sub"));
  EXPECT_TRUE(watch_.add(root_.open_subfolder("sub").get(), "sub"));
  test::write_file(folder_.path() / "sub/file", "text");
  EXPECT_TRUE(saw(Kind::complete, "sub/file"));
}

TEST_F(WatchTest, AFolderMovedAwayIsForgotten) {
  fs::create_directories(folder_.path() / "sub/deep");
  EXPECT_TRUE(watch_.add(root_.open_subfolder("sub").get(), "sub"));
  EXPECT_TRUE(watch_.add(root_.open_subfolder("sub/deep").get(), "sub/deep"));
  fs::rename(folder_.path() / "sub", folder_.path() / "other");
  EXPECT_TRUE(saw(Kind::folder_in, "other"));
  test::write_file(folder_.path() / "other/deep/file", "text");
  EXPECT_FALSE(saw(Kind::complete, "sub/deep/file"));
}

TEST_F(WatchTest, ARootThatMovesIsTold) {
  const fs::path elsewhere = folder_.path().string() + "-moved";
  fs::rename(folder_.path(), elsewhere);
  EXPECT_TRUE(saw(Kind::root_gone, ""));
  fs::rename(elsewhere, folder_.path());
}

TEST_F(WatchTest, TheBoundHoldsForNewFoldersOnly) {
  Watch small(1);
  ASSERT_TRUE(small.open());
  EXPECT_TRUE(small.add(root_.fd(), ""));
  EXPECT_TRUE(small.add(root_.fd(), ""));
  fs::create_directory(folder_.path() / "sub");
  EXPECT_FALSE(small.add(root_.open_subfolder("sub").get(), "sub"));
}

TEST_F(WatchTest, AFullKernelQueueIsAnOverflow) {
  // Alternating names, so that the kernel does not merge them; its queue holds 16,384 by default.
  for (int i = 0; i < 12'000; ++i) test::write_file(folder_.path() / std::to_string(i % 2), "x");
  EXPECT_TRUE(saw(Kind::overflow, ""));
}

TEST(Watch, WithoutAnInstanceNothingIsWatched) {
  Watch watch(100);
  EXPECT_EQ(watch.fd(), -1);
  EXPECT_FALSE(watch.add(0, ""));
  std::vector<WatchEvent> events;
  watch.drain(events);
  EXPECT_TRUE(events.empty());
}

}  // namespace
}  // namespace pelton::directory
