// SPDX-License-Identifier: Apache-2.0
#include "engine/base/units.h"
#include "tests/unit/connector/directory_fixture.h"

#include <gtest/gtest.h>

// What a directory source gives, and what it remembers.
namespace pelton::directory {
namespace {

using namespace std::chrono_literals;
using connector::Settlement;
namespace fs = std::filesystem;

TEST_F(DirectorySourceTest, AnEventSaysWhatTheFileIs) {
  put("a/picture.JPG", "pixels");
  connect();
  const Seen seen = take(1).at(0);
  EXPECT_EQ(seen.type, "pelton.file.created");
  EXPECT_EQ(seen.source, "directory:inbox");
  EXPECT_EQ(seen.subject, "a/picture.JPG");
  EXPECT_EQ(seen.key, "a/picture.JPG");
  EXPECT_EQ(seen.content_type, "image/jpeg");
  EXPECT_EQ(seen.data, "pixels");
  EXPECT_TRUE(seen.has_data);
  EXPECT_EQ(seen.id.size(), 32U);
  EXPECT_EQ(seen.headers.at("path"), at("a/picture.JPG").string());
  EXPECT_EQ(seen.headers.at("size"), "6");
  EXPECT_EQ(to_us(*parse_time(seen.headers.at("mtime"))), seen.time_us);
}

TEST_F(DirectorySourceTest, FilesOfBeforeAndAfterTheStartComeOnce) {
  put("before", "1");
  connect();
  EXPECT_EQ(names(take(1)), Names{"before"});
  put("after", "2");
  put_by_rename("renamed", "3");
  EXPECT_EQ(names(take(2)), (Names{"after", "renamed"}));
  expect_quiet();
}

TEST_F(DirectorySourceTest, ANewVersionIsANewEvent) {
  connect();
  put("file", "old");
  const Seen old = take(1).at(0);
  put("file", "newer");
  const Seen overwritten = take(1).at(0);
  put_by_rename("file", "newest");
  const Seen replaced = take(1).at(0);
  EXPECT_EQ(old.type, "pelton.file.created");
  EXPECT_EQ(overwritten.type, "pelton.file.modified");
  EXPECT_EQ(overwritten.data, "newer");
  EXPECT_EQ(replaced.type, "pelton.file.modified");
  EXPECT_EQ(replaced.data, "newest");
  EXPECT_NE(old.id, overwritten.id);
  EXPECT_NE(overwritten.id, replaced.id);
}

TEST_F(DirectorySourceTest, AFileClosedWithoutAChangeIsNoEvent) {
  put("file", "text");
  connect();
  take(1);
  { std::ofstream touch(at("file"), std::ios::app); }
  expect_quiet();
}

TEST_F(DirectorySourceTest, ARestartRepeatsNothingThatIsSettled) {
  put("file", "text");
  connect();
  take(1);
  source_->close();
  connect();
  expect_quiet();
  put("file", "other");
  EXPECT_EQ(take(1).at(0).type, "pelton.file.modified");
}

TEST_F(DirectorySourceTest, ACrashBeforeSettlingRepeatsTheEventWithTheSameId) {
  put("file", "text");
  connect();
  const Seen first = take(1, std::nullopt).at(0);
  crash();
  const Seen again = take(1).at(0);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(again.type, "pelton.file.created");
}

TEST_F(DirectorySourceTest, TheLedgerIsWrittenAtSettlingOnceARead) {
  for (int i = 0; i < 50; ++i) put("file" + std::to_string(i), "text");
  connect();
  std::vector<Seen> all;
  while (all.size() < 50) {
    auto got = read(1s);
    ASSERT_TRUE(got);
    const int before = ledger_.puts;
    if (got->empty()) continue;
    settle(got->front());
    EXPECT_EQ(ledger_.puts, before + 1);
    std::ranges::move(*got, std::back_inserter(all));
  }
  EXPECT_EQ(ledger_.entries.size(), 50U);
}

TEST_F(DirectorySourceTest, AnUnwritableLedgerLosesAndRepeatsNothingInThisRun) {
  put("one", "1");
  connect();
  const Seen one = take(1, std::nullopt).at(0);
  ledger_.fail_puts = 1;
  EXPECT_FALSE(source_->settle(one.token, Settlement::done));
  expect_quiet(50ms);
  put("two", "2");
  take(1);
  EXPECT_EQ(ledger_.entries.size(), 2U);
}

TEST_F(DirectorySourceTest, RetryLaterGivesTheSameVersionAgain) {
  put("file", "text");
  connect();
  const Seen first = take(1, Settlement::retry_later).at(0);
  EXPECT_EQ(take(1).at(0).id, first.id);
  expect_quiet();
}

TEST_F(DirectorySourceTest, ANewVersionWhileTheOldIsInFlightIsAnEventToo) {
  connect();
  put("file", "old");
  const Seen old = take(1, std::nullopt).at(0);
  put("file", "newer");
  const Seen newer = take(1, std::nullopt).at(0);
  EXPECT_EQ(newer.type, "pelton.file.modified");
  settle(old);
  settle(newer);
  EXPECT_TRUE(ledger_.entries.at("file").starts_with(newer.id + " "));
  expect_quiet();
}

TEST_F(DirectorySourceTest, AboveTheInlineLimitTheEventHasThePathOnly) {
  options_.inline_limit = 10;
  put("small", "0123456789");
  put("large", "0123456789x");
  connect();
  for (const Seen& seen : take(2)) {
    EXPECT_EQ(seen.has_data, seen.subject == "small");
    EXPECT_EQ(seen.data, seen.subject == "small" ? "0123456789" : "");
    EXPECT_EQ(seen.headers.at("path"), at(seen.subject).string());
  }
}

TEST_F(DirectorySourceTest, ASparseTerabyteIsNotRead) {
  put("huge", "");
  fs::resize_file(at("huge"), 1ULL << 40);
  connect();
  const Seen seen = take(1).at(0);
  EXPECT_FALSE(seen.has_data);
  EXPECT_EQ(seen.headers.at("size"), std::to_string(1ULL << 40));
}

TEST_F(DirectorySourceTest, AnEmptyFileIsAnEventWithEmptyData) {
  put("empty", "");
  connect();
  const Seen seen = take(1).at(0);
  EXPECT_TRUE(seen.has_data);
  EXPECT_EQ(seen.data, "");
}

TEST_F(DirectorySourceTest, AReadKeepsToItsBytesButGivesAtLeastOneEvent) {
  for (const char* name : {"a", "b", "c"}) put(name, std::string(1'000, 'x'));
  connect();
  std::vector<Seen> all;
  while (all.size() < 3) {
    const auto got = read(1s, 100, 1'500);
    ASSERT_TRUE(got);
    EXPECT_LE(got->size(), 1U);
    all.insert(all.end(), got->begin(), got->end());
  }
}

TEST_F(DirectorySourceTest, PatternsChooseFilesAndIgnoreLeavesOut) {
  options_.names = NameFilter({"*.jpg", "in/*.txt"}, {".*", "*.part"});
  for (const char* name : {"a.jpg", "b.png", "c.jpg.part", ".hidden.jpg", "in/d.txt", "out/e.txt",
                           ".git/f.jpg", "deep/er/g.jpg"})
    put(name, name);
  connect();
  EXPECT_EQ(names(take(3)), (Names{"a.jpg", "deep/er/g.jpg", "in/d.txt"}));
  put(".hidden.jpg", "again");
  put(".git/f.jpg", "again");
  put("h.jpg", "h");
  EXPECT_EQ(names(take(1)), Names{"h.jpg"});
  expect_quiet();
}

TEST_F(DirectorySourceTest, WithoutRecursiveSubfoldersAreLeftAlone) {
  options_.recursive = false;
  put("a", "a");
  put("sub/b", "b");
  connect();
  EXPECT_EQ(names(take(1)), Names{"a"});
  put("sub2/c", "c");
  expect_quiet();
}

TEST_F(DirectorySourceTest, AfterDeleteTheFileGoesOnceItsEventIsSettled) {
  options_.after = After::remove;
  put("file", "text");
  connect();
  const Seen seen = take(1, std::nullopt).at(0);
  EXPECT_TRUE(fs::exists(at("file")));
  settle(seen);
  EXPECT_FALSE(fs::exists(at("file")));
  EXPECT_TRUE(ledger_.entries.empty());
  put("file", "text");
  EXPECT_EQ(take(1).at(0).type, "pelton.file.created");
}

TEST_F(DirectorySourceTest, AFileStaysUntilEveryBindingHasSettledItsEvent) {
  for (const After after : {After::remove, After::move}) {
    options_.after = after;
    options_.move_to = after == After::move ? folder_.path() / "done" : fs::path();
    options_.inline_limit = 3;
    consumption_.settled_to = consumption_.end;
    put("large", "text");
    connect();
    EXPECT_FALSE(take(1).at(0).has_data);
    expect_quiet();
    EXPECT_TRUE(fs::exists(at("large")));
    crash();
    expect_quiet();
    EXPECT_TRUE(fs::exists(at("large")));
    consumption_.settled_to = consumption_.end;
    EXPECT_TRUE(reads_until([&] { return !fs::exists(at("large")); }));
    EXPECT_TRUE(ledger_.entries.empty());
  }
}

TEST_F(DirectorySourceTest, MoreFilesThanMayWaitAreFoundAgain) {
  options_.after = After::remove;
  options_.max_queued = 2;
  consumption_.settled_to = 0;
  connect();
  for (const char* name : {"a", "b", "c", "d", "e"}) put(name, "text");
  take(5);
  consumption_.settled_to = 100;
  EXPECT_TRUE(reads_until([&] { return fs::is_empty(options_.path); }));
}

TEST_F(DirectorySourceTest, AfterDeleteANewerVersionIsNotDeleted) {
  options_.after = After::remove;
  put("file", "old");
  connect();
  const Seen old = take(1, std::nullopt).at(0);
  put("file", "newer");
  settle(old);
  EXPECT_TRUE(fs::exists(at("file")));
  EXPECT_EQ(take(1).at(0).data, "newer");
  EXPECT_FALSE(fs::exists(at("file")));
}

TEST_F(DirectorySourceTest, ACrashBetweenMarkAndDeleteIsMadeUpFor) {
  put("file", "text");
  connect();
  take(1);
  options_.after = After::remove;
  connect();
  EXPECT_TRUE(reads_until([&] { return !fs::exists(at("file")); }));
}

TEST_F(DirectorySourceTest, AfterMoveFilesAreKeptElsewhereUnderBothNames) {
  options_.after = After::move;
  options_.move_to = options_.path / "done";
  connect();
  put("sub/file", "one");
  take(1);
  EXPECT_EQ(test::read_file(options_.move_to / "sub/file"), "one");
  put("sub/file", "two");
  const Seen second = take(1).at(0);
  EXPECT_EQ(test::read_file(options_.move_to / "sub/file"), "one");
  EXPECT_EQ(test::read_file(options_.move_to / ("sub/file." + second.id.substr(0, 16))), "two");
  expect_quiet();
}

TEST_F(DirectorySourceTest, AnOverwriteBehindAnUnchangedMtimeIsANewEvent) {
  for (const std::uint64_t limit : {1'000, 2}) {  // inline, and by path
    options_.inline_limit = limit;
    const std::string name = fmt::format("file{}", limit);
    put(name, "one");
    connect();
    const Seen first = take(1).at(0);
    const auto before = fs::last_write_time(at(name));
    put(name, "two");
    fs::last_write_time(at(name), before);
    const Seen second = take(1).at(0);
    EXPECT_EQ(second.type, "pelton.file.modified");
    EXPECT_NE(second.id, first.id);
  }
}

TEST_F(DirectorySourceTest, AChangeOfModeOrLinksIsNoEvent) {
  options_.rescan = 20ms;
  put("file", "one");
  connect();
  take(1);
  const std::string before = ledger_.entries.at("file");
  fs::permissions(at("file"), fs::perms::owner_read);
  fs::create_hard_link(at("file"), folder_.path() / "link");
  expect_quiet();
  EXPECT_TRUE(reads_until([&] { return ledger_.entries.at("file") != before; }));
  const int puts = ledger_.puts;
  expect_quiet();
  EXPECT_EQ(ledger_.puts, puts) << "it is read again once, not with every scan";
}

TEST_F(DirectorySourceTest, WithoutWatchesAClockThatIsBehindMakesNoHalfFile) {
  options_.max_folders = 0;
  options_.rescan = 1h;
  options_.settle = 300ms;
  put("file", "half");
  fs::last_write_time(at("file"), fs::file_time_type::clock::now() - 1h);
  connect();
  expect_quiet(50ms);
  put("file", "whole file");
  fs::last_write_time(at("file"), fs::file_time_type::clock::now() - 1h);
  EXPECT_EQ(take(1).at(0).data, "whole file");
}

TEST_F(DirectorySourceTest, ALargeLedgerIsLookedThroughOnce) {
  constexpr int kFiles = 500;
  for (int i = 0; i < kFiles; ++i) ledger_.entries[fmt::format("gone{:05}", i)] = "id";
  auto root = Folder::open(options_.path, CreateFolder::no);
  ASSERT_TRUE(root);
  FileLedger ledger(ledger_);
  int calls = 1;
  for (; !*ledger.forget_missing(*root, 0ms); ++calls) ASSERT_LE(calls, kFiles + 1);
  EXPECT_TRUE(ledger_.entries.empty());
  EXPECT_LE(ledger_.visits, kFiles + calls);
}

TEST_F(DirectorySourceTest, MarksOfMissingFilesAreDroppedByAScan) {
  options_.rescan = 20ms;
  put("gone", "1");
  put("stays", "2");
  connect();
  take(2);
  fs::remove(at("gone"));
  EXPECT_TRUE(reads_until([&] { return ledger_.entries.size() == 1; }));
  EXPECT_TRUE(ledger_.entries.contains("stays"));
}

TEST_F(DirectorySourceTest, AnEmptyFolderKeepsItsMarksForItMayBeAMissingMount) {
  options_.rescan = 20ms;
  put("file", "1");
  connect();
  take(1);
  fs::remove(at("file"));
  expect_quiet();
  EXPECT_EQ(ledger_.entries.size(), 1U);
}

}  // namespace
}  // namespace pelton::directory
