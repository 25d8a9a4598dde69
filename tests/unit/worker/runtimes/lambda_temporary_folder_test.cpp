// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/temporary_folder.h"
#include "tests/contract/temporary_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <optional>

namespace pelton::worker::lambda {
namespace {

namespace fs = std::filesystem;

class TemporaryFolders : public ::testing::Test {
 protected:
  void SetUp() override { ::setenv("TMPDIR", base_.path().c_str(), 1); }
  void TearDown() override { ::unsetenv("TMPDIR"); }
  // As an engine that was killed leaves it.
  fs::path abandoned(const std::string& name) {
    const fs::path made = base_.path() / name;
    fs::create_directories(made / "below");
    std::ofstream(made / "below/file") << "text";
    age(made);
    return made;
  }
  static void age(const fs::path& folder) {
    const timespec long_ago[2] = {{1, 0}, {1, 0}};
    ::utimensat(AT_FDCWD, folder.c_str(), long_ago, 0);
  }

 private:
  const test::TemporaryFolder base_;
};

TEST_F(TemporaryFolders, AreGoneWithTheirWorker) {
  std::optional<TemporaryFolder> folder(std::in_place);
  ASSERT_TRUE(folder->make("resize-1"));
  const fs::path path = folder->path();
  std::ofstream(path / "file") << "text";
  folder.reset();
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(TemporaryFolders, OfAKilledEngineAreRemoved) {
  const fs::path left = abandoned("pelton-worker-resize-1-abcdef");
  TemporaryFolder::remove_abandoned();
  EXPECT_FALSE(fs::exists(left));
}

TEST_F(TemporaryFolders, OfRunningEnginesAndOthersStay) {
  TemporaryFolder used;
  ASSERT_TRUE(used.make("resize-1"));
  age(used.path());
  const fs::path other = abandoned("something-else");
  const fs::path young = abandoned("pelton-worker-resize-2-abcdef");
  std::ofstream(young / "new") << "text";
  fs::create_directory_symlink(other, other.parent_path() / "pelton-worker-link");
  TemporaryFolder::remove_abandoned();
  EXPECT_TRUE(fs::exists(used.path()));
  EXPECT_TRUE(fs::exists(other / "below/file"));
  EXPECT_TRUE(fs::exists(young));
}

}  // namespace
}  // namespace pelton::worker::lambda
