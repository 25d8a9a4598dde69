// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/connector/directory_fixture.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

// What goes wrong around a directory source: half files, odd files, odd names, lost folders.
namespace pelton::directory {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// A program that writes a file piece by piece.
class Writer {
 public:
  explicit Writer(const fs::path& path)
      : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {}
  void write(const std::string& text) {
    ASSERT_EQ(::write(fd_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void close() { fd_.reset(); }

 private:
  UniqueFd fd_;
};

TEST_F(DirectorySourceTest, AFileBeingWrittenIsNoEventUntilItIsClosed) {
  options_.rescan = 30ms;  // scans meet it again and again
  connect();
  Writer writer(at("file"));
  for (int i = 0; i < 5; ++i) {
    writer.write("part ");
    expect_quiet(60ms);
  }
  writer.close();
  EXPECT_EQ(take(1).at(0).data, "part part part part part ");
  expect_quiet();
}

TEST_F(DirectorySourceTest, AFileFoundByAScanWaitsUntilItStopsGrowing) {
  options_.settle = 150ms;
  options_.rescan = 20ms;
  options_.max_folders = 0;  // as on a network file system: the kernel tells nothing
  connect();
  Writer writer(at("file"));
  for (int i = 0; i < 4; ++i) {
    writer.write("part ");
    expect_quiet(50ms);
  }
  EXPECT_EQ(take(1).at(0).data, "part part part part ");
}

TEST_F(DirectorySourceTest, AFileChangedWhileItIsReadIsReadAgain) {
  put("file", "0123456789");
  auto root = Folder::open(options_.path, CreateFolder::no);
  ASSERT_TRUE(root);
  FileContent content;
  // /proc files grow while they are read as far as fstat is concerned: size 0, yet there are bytes.
  auto proc = Folder::open("/proc/self", CreateFolder::no);
  ASSERT_TRUE(proc);
  EXPECT_EQ(read_file(*proc, "status", 1 << 20, content), ReadOutcome::changing);
  EXPECT_FALSE(content.has_data);
  EXPECT_EQ(read_file(*root, "file", 1 << 20, content), ReadOutcome::whole);
  EXPECT_EQ(content.data, "0123456789");
}

TEST_F(DirectorySourceTest, SymbolicLinksAreRefusedWithOneWarning) {
  options_.rescan = 20ms;
  test::write_file(folder_.path() / "secret", "secret");
  fs::create_symlink(folder_.path() / "secret", at("link"));
  fs::create_symlink("file", at("inner"));
  fs::create_directory_symlink(folder_.path(), at("way_out"));
  put("file", "text");
  connect();
  EXPECT_EQ(names(take(1)), Names{"file"});
  expect_quiet();
  remember_warnings();
  EXPECT_EQ(warnings_.size(), 3U);
  EXPECT_TRUE(warned("E2005: rejected link: a symbolic link"));
  fs::create_symlink("file", at("later"));
  EXPECT_TRUE(reads_until([&] { return warned("rejected later"); }));
}

TEST_F(DirectorySourceTest, ASymbolicLinkPutInTheWayIsNotFollowed) {
  fs::create_directory(folder_.path() / "outside");
  test::write_file(folder_.path() / "outside/secret", "secret");
  fs::create_directory_symlink(folder_.path() / "outside", at("sub"));
  auto root = Folder::open(options_.path, CreateFolder::no);
  ASSERT_TRUE(root);
  FileContent content;
  EXPECT_EQ(read_file(*root, "sub/secret", 1 << 20, content), ReadOutcome::refused);
  EXPECT_EQ(read_file(*root, "../outside/secret", 1 << 20, content), ReadOutcome::refused);
  EXPECT_TRUE(content.data.empty());
}

TEST_F(DirectorySourceTest, PipesSocketsAndDevicesAreRefusedWithoutWaiting) {
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0644), 0);
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string name = at("socket").string();
  ASSERT_LT(name.size(), sizeof address.sun_path);
  name.copy(address.sun_path, name.size());
  sockaddr any{};
  static_assert(sizeof any <= sizeof address);
  ASSERT_EQ(
      ::bind(socket.get(), static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address),
      0);
  put("file", "text");
  connect();
  EXPECT_EQ(names(take(1)), Names{"file"});
  ASSERT_EQ(::mkfifo(at("later").c_str(), 0644), 0);
  EXPECT_TRUE(reads_until([&] { return warned("rejected later: a named pipe"); }));
  EXPECT_TRUE(warned("rejected pipe: a named pipe"));
  EXPECT_TRUE(warned("rejected socket: a socket"));
  expect_quiet();
}

TEST_F(DirectorySourceTest, AHardLinkIsAFileUnderEachOfItsNames) {
  test::write_file(folder_.path() / "elsewhere", "text");
  connect();
  fs::create_hard_link(folder_.path() / "elsewhere", at("linked"));
  EXPECT_EQ(take(1).at(0).data, "text");
}

TEST_F(DirectorySourceTest, OddNamesComeAsTheyAreInTheKeyAndReadableInTheSubject) {
  const std::map<std::string, std::string> names{
      {"new\nline", "new%0Aline"}, {"bad\xff%utf8", "bad%FF%utf8"},
      {"a%FF", "a%25FF"},          {"100% \xc3\xa4", "100% \xc3\xa4"},
      {"-rf *", "-rf *"},          {std::string(255, 'n'), std::string(255, 'n')}};
  for (const auto& [name, subject] : names) put(name, subject);
  connect();
  for (const Seen& seen : take(names.size())) {
    EXPECT_EQ(seen.subject, names.at(seen.key));
    EXPECT_EQ(seen.data, seen.subject);
  }
  source_->close();
  connect();
  expect_quiet();
}

TEST_F(DirectorySourceTest, FilesInAFolderMovedOrCopiedInAreFound) {
  connect();
  fs::create_directories(folder_.path() / "whole/deep");
  test::write_file(folder_.path() / "whole/deep/a", "a");
  fs::rename(folder_.path() / "whole", at("in"));
  EXPECT_EQ(names(take(1)), Names{"in/deep/a"});
  // Created with its files before anybody could watch it.
  put("new/folder/b", "b");
  EXPECT_EQ(names(take(1)), Names{"new/folder/b"});
  put("new/folder/c", "c");
  EXPECT_EQ(names(take(1)), Names{"new/folder/c"});
}

TEST_F(DirectorySourceTest, ARenamedFolderIsWatchedUnderItsNewName) {
  put("old/a", "a");
  connect();
  take(1);
  fs::rename(at("old"), at("new"));
  EXPECT_EQ(names(take(1)), Names{"new/a"});
  put("new/b", "b");
  EXPECT_EQ(names(take(1)), Names{"new/b"});
  expect_quiet();
}

TEST_F(DirectorySourceTest, ADeletedFolderIsUnavailableAndTakenUpAgain) {
  options_.create = CreateFolder::no;
  connect();
  fs::remove_all(options_.path);
  std::optional<Error> error;
  EXPECT_TRUE(reads_until([&] {
    if (const auto got = read(5ms); !got) error = got.error();
    return error.has_value();
  }));
  EXPECT_EQ(error->code, "E2003");
  EXPECT_EQ(error->kind, ErrorKind::unavailable);
  source_->close();
  EXPECT_EQ(source_->connect().error().code, "E2001");
  fs::create_directory(options_.path);
  put("file", "text");
  ASSERT_TRUE(source_->connect());
  EXPECT_EQ(names(take(1)), Names{"file"});
}

TEST_F(DirectorySourceTest, AFolderRecreatedAtOnceIsNoticed) {
  connect();
  fs::rename(options_.path, folder_.path() / "other");
  fs::create_directory(options_.path);
  put("file", "text");
  EXPECT_EQ(read(10ms).error().code, "E2003");
  ASSERT_TRUE(source_->connect());
  EXPECT_EQ(names(take(1)), Names{"file"});
}

TEST_F(DirectorySourceTest, AFileInPlaceOfTheFolderIsInvalid) {
  fs::remove(options_.path);
  test::write_file(options_.path, "not a folder");
  make();
  const Status connected = source_->connect();
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().kind, ErrorKind::invalid);
  EXPECT_EQ(connected.error().code, "E2002");
}

TEST_F(DirectorySourceTest, WithoutWatchesScansFindTheFiles) {
  options_.max_folders = 1;
  options_.rescan_unwatched = 30ms;
  put("sub/before", "1");
  connect();
  EXPECT_EQ(names(take(1)), Names{"sub/before"});
  EXPECT_TRUE(warned("E2007: out of inotify watches"));
  put("sub/after", "2");
  EXPECT_EQ(names(take(1)), Names{"sub/after"});
}

TEST_F(DirectorySourceTest, AnUnreadableFileIsAWarningAndTheOthersCome) {
  put("locked", "text");
  put("file", "text");
  fs::permissions(at("locked"), fs::perms::none);
  fs::permissions(folder_.path(), fs::perms::all);
  // Root reads everything: this thread becomes somebody else for the test.
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::syscall(SYS_setresuid, -1, 65534, -1), 0);
  }
  connect();
  EXPECT_EQ(names(take(1)), Names{"file"});
  EXPECT_TRUE(reads_until([&] { return warned("E2006: cannot read locked: Permission denied"); }));
  if (root) {
    ASSERT_EQ(::syscall(SYS_setresuid, -1, 0, -1), 0);
  }
}

}  // namespace
}  // namespace pelton::directory
