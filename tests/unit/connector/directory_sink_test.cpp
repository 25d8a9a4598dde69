// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/directory_sink.h"

#include "connectors/directory/file_name.h"
#include "engine/model/batch_builder.h"
#include "tests/contract/temporary_folder.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <list>
#include <optional>
#include <thread>

namespace pelton::directory {
namespace {

namespace fs = std::filesystem;
using Failures = std::vector<connector::SinkFailure>;

class DirectorySinkTest : public testing::Test {
 protected:
  DirectorySinkTest() {
    options_.connector = "outbox";
    options_.path = folder_.path() / "outbox";
  }

  fs::path at(const std::string& name) const { return options_.path / name; }
  std::string text(const std::string& name) const { return test::read_file(at(name)); }

  model::EventView event(const std::string& subject, const std::string& data = "text") {
    model::EventView event;
    texts_.push_back(subject);
    event.subject = texts_.back();
    texts_.push_back(data);
    event.data = texts_.back();
    return event;
  }
  Result<Failures> write(const std::vector<model::EventView>& events) {
    if (!sink_) {
      sink_.emplace(options_);
      EXPECT_TRUE(sink_->connect());
    }
    model::BatchBuilder builder;
    for (const model::EventView& one : events) builder.add(one);
    const auto batch = builder.finish();
    return sink_->write(*batch, {"thumbnails", PartitionId{3}, 40, model::Order::key});
  }
  void expect_written(const std::vector<model::EventView>& events) {
    const auto failures = write(events);
    ASSERT_TRUE(failures) << failures.error().text();
    for (const auto& failure : *failures) ADD_FAILURE() << failure.error.text();
  }
  // The one failure of a batch of one.
  Error failure_of(const model::EventView& one) {
    const auto failures = write({one});
    if (!failures) return failures.error();
    EXPECT_EQ(failures->size(), 1U);
    return failures->empty() ? Error{} : failures->front().error;
  }
  // Every file and folder under the outbox.
  std::vector<std::string> all() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(options_.path))
      names.push_back(entry.path().lexically_relative(options_.path).string());
    std::ranges::sort(names);
    return names;
  }
  using Names = std::vector<std::string>;

  test::TemporaryFolder folder_;
  SinkOptions options_;
  std::optional<DirectorySink> sink_;
  std::list<std::string> texts_;
};

TEST_F(DirectorySinkTest, AnEventBecomesAFileAndNothingElseIsLeft) {
  expect_written({event("a.txt", "one"), event("sub/deep/b.txt", "two")});
  EXPECT_EQ(text("a.txt"), "one");
  EXPECT_EQ(text("sub/deep/b.txt"), "two");
  EXPECT_EQ(all(), (Names{"a.txt", "sub", "sub/deep", "sub/deep/b.txt"}));
}

TEST_F(DirectorySinkTest, AFileIsReplacedAndItsReadersKeepTheOldOne) {
  expect_written({event("a", "old")});
  std::ifstream reader(at("a"));
  expect_written({event("a", "new")});
  std::string old;
  reader >> old;
  EXPECT_EQ(old, "old");
  EXPECT_EQ(text("a"), "new");
}

TEST_F(DirectorySinkTest, WithoutASubjectTheIdNamesTheFileWithoutThatThePosition) {
  model::EventView with_id = event("");
  with_id.id = "id-7";
  expect_written({with_id, event("")});
  EXPECT_EQ(all(), (Names{"id-7", "thumbnails-3-41"}));
}

TEST_F(DirectorySinkTest, ATemplateNamesTheFile) {
  options_.name = "{stream}/{key}-{partition}-{offset}.json";
  model::EventView one = event("ignored");
  one.key = "device";
  one.has_key = true;
  expect_written({one});
  EXPECT_EQ(text("thumbnails/device-3-40.json"), "text");
  EXPECT_EQ(failure_of(event("no key")).code, "E2020");
}

TEST_F(DirectorySinkTest, NamesThatLeaveTheFolderAreInvalid) {
  for (const std::string& name :
       std::vector<std::string>{"../out", "/etc/out", "a/../../out", "a//b", ".pelton-x"}) {
    const Error error = failure_of(event(name));
    EXPECT_EQ(error.code, "E2020") << name;
    EXPECT_EQ(error.kind, ErrorKind::invalid) << name;
  }
  EXPECT_EQ(failure_of(event(std::string("a\0b", 3))).code, "E2020");
  EXPECT_EQ(failure_of(event(std::string(300, 'n'))).code, "E2020");
  EXPECT_TRUE(all().empty());
}

TEST_F(DirectorySinkTest, SymbolicLinksAreNotFollowed) {
  expect_written({event("a")});
  fs::create_directory(folder_.path() / "outside");
  test::write_file(folder_.path() / "outside/target", "mine");
  fs::create_directory_symlink(folder_.path() / "outside", at("way_out"));
  EXPECT_EQ(failure_of(event("way_out/b")).code, "E2022");
  EXPECT_EQ(failure_of(event("way_out/deep/b")).kind, ErrorKind::invalid);
  // A link in the file's own place is replaced, not written through.
  fs::create_symlink(folder_.path() / "outside/target", at("link"));
  expect_written({event("link", "new")});
  EXPECT_EQ(text("link"), "new");
  EXPECT_EQ(test::read_file(folder_.path() / "outside/target"), "mine");
}

TEST_F(DirectorySinkTest, ANameTakenByAFolderOrUnderAFileIsInvalid) {
  expect_written({event("folder/file")});
  EXPECT_EQ(failure_of(event("folder")).code, "E2022");
  EXPECT_EQ(failure_of(event("folder/file/below")).code, "E2022");
  EXPECT_EQ(all(), (Names{"folder", "folder/file"}));
}

TEST_F(DirectorySinkTest, AnEventWithoutDataDeletesTheFile) {
  expect_written({event("a"), event("b")});
  model::EventView gone = event("a", "");
  gone.has_data = false;
  expect_written({gone});
  expect_written({gone});
  EXPECT_EQ(all(), Names{"b"});
}

TEST_F(DirectorySinkTest, AFilePassedByPathIsNeitherWrittenNorADeletion) {
  expect_written({event("a", "kept")});
  model::EventView by_path = event("a", "");
  by_path.has_data = false;
  by_path.headers = {{"path", "/etc/passwd"}};
  EXPECT_EQ(failure_of(by_path).code, "E2023");
  EXPECT_EQ(text("a"), "kept");
}

TEST_F(DirectorySinkTest, TheModeIsWhatTheOptionSays) {
  options_.mode = 0640;
  const mode_t umask_before = ::umask(0077);
  expect_written({event("a")});
  ::umask(umask_before);
  EXPECT_EQ(fs::status(at("a")).permissions(), fs::perms(0640));
}

TEST_F(DirectorySinkTest, ATemporaryFileOfACrashIsTakenOverByTheNextAttempt) {
  const std::string left =
      temporary_name("outbox", {"thumbnails", PartitionId{3}, 40, model::Order::key}, 40);
  EXPECT_TRUE(left.starts_with(kTemporaryPrefix));
  test::write_file(at(left), "half a fi");
  expect_written({event("a", "whole")});
  EXPECT_EQ(text("a"), "whole");
  EXPECT_EQ(all(), Names{"a"});
}

TEST_F(DirectorySinkTest, AFolderThatIsMissingIsMadeUnlessItMustBeThere) {
  options_.path = folder_.path() / "new/outbox";
  expect_written({event("a")});
  options_.create = CreateFolder::no;
  options_.path = folder_.path() / "other";
  DirectorySink waits(options_);
  EXPECT_EQ(waits.connect().error().kind, ErrorKind::unavailable);
}

TEST_F(DirectorySinkTest, WithoutPermissionForASubfolderOnlyItsEventsWait) {
  expect_written({event("locked/a")});
  fs::permissions(at("locked"), fs::perms::owner_read | fs::perms::owner_exec);
  fs::permissions(options_.path, fs::perms::all);
  fs::permissions(folder_.path(), fs::perms::all);
  const bool root = ::geteuid() == 0;
  if (root) {
    fs::permissions(at("locked"), fs::perms(0755));
    // This thread becomes somebody else: root may write everywhere.
    ASSERT_EQ(::syscall(SYS_setresuid, -1, 65534, -1), 0);
  }
  const auto failures = write({event("locked/b"), event("free")});
  if (root) {
    ASSERT_EQ(::syscall(SYS_setresuid, -1, 0, -1), 0);
  }
  ASSERT_TRUE(failures) << failures.error().text();
  ASSERT_EQ(failures->size(), 1U);
  EXPECT_EQ(failures->front().error.code, "E2024");
  EXPECT_EQ(failures->front().error.kind, ErrorKind::unavailable);
  EXPECT_EQ(text("free"), "text");
}

// On a file system of its own, seen by this thread only.
class SmallDisk {
 public:
  SmallDisk(const fs::path& path, const char* options) {
    mounted_ = ::unshare(CLONE_NEWNS) == 0 &&
               ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               ::mount("none", path.c_str(), "tmpfs", 0, options) == 0;
  }
  bool mounted() const { return mounted_; }

 private:
  bool mounted_ = false;
};

TEST_F(DirectorySinkTest, AFullDiskIsUnavailableAndNothingHalfIsLeft) {
  fs::create_directory(options_.path);
  bool mounted = false;
  std::thread([&] {
    const SmallDisk disk(options_.path, "size=64k");
    mounted = disk.mounted();
    if (!mounted) return;
    const auto failed = write({event("small"), event("large", std::string(1 << 20, 'x'))});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, "E2021");
    EXPECT_EQ(failed.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(all(), Names{"small"});
    sink_.reset();
  }).join();
  if (!mounted) GTEST_SKIP() << "no permission to mount a small file system";
}

TEST_F(DirectorySinkTest, AReadOnlyFolderIsUnavailable) {
  fs::create_directory(options_.path);
  bool mounted = false;
  std::thread([&] {
    const SmallDisk disk(options_.path, "size=64k");
    mounted = disk.mounted() &&
              ::mount("none", options_.path.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
    if (!mounted) return;
    const auto failed = write({event("a")});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, "E2021");
    sink_.reset();
  }).join();
  if (!mounted) GTEST_SKIP() << "no permission to mount a small file system";
}

TEST_F(DirectorySinkTest, AnExistingFileCanBeKept) {
  options_.if_exists = IfExists::keep;
  expect_written({event("a", "one"), event("a", "two")});
  EXPECT_EQ(text("a"), "one");
  model::EventView tombstone = event("a");
  tombstone.has_data = false;
  expect_written({tombstone});
  EXPECT_EQ(text("a"), "one");
}

TEST_F(DirectorySinkTest, AnExistingFileCanGetVersionsBesideIt) {
  options_.if_exists = IfExists::version;
  const auto files = [&] {
    return std::distance(fs::directory_iterator(options_.path), fs::directory_iterator());
  };
  for (int attempt = 0; attempt < 3; ++attempt) {
    expect_written({event("a", "one"), event("a", "two"), event("a", "three")});
    EXPECT_EQ(text("a"), "one");
    EXPECT_EQ(files(), 3) << "an attempt more leaves no file more";
  }
}

TEST_F(DirectorySinkTest, TwoSinksMakeTheSameFolders) {
  ASSERT_TRUE(Folder::open(options_.path, CreateFolder::yes));
  const auto make = [&](std::atomic<int>& made) {
    const auto root = Folder::open(options_.path, CreateFolder::no);
    for (int i = 0; i < 300; ++i)
      if (root->make_subfolder(fmt::format("{}/x/y", i))) ++made;
  };
  std::atomic<int> made = 0;
  {
    std::jthread one([&] { make(made); });
    std::jthread two([&] { make(made); });
  }
  EXPECT_EQ(made, 600);
}

}  // namespace
}  // namespace pelton::directory
