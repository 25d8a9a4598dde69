// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/directory/directory_source.h"
#include "tests/contract/fake_consumption.h"
#include "tests/contract/memory_ledger.h"
#include "tests/contract/temporary_folder.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::directory {

// One event as a source gave it.
struct Seen {
  connector::AckToken token = 0;
  std::string id, source, type, subject, key, content_type, data;
  bool has_data = false;
  std::map<std::string, std::string> headers;
  std::int64_t time_us = 0;
};

// A folder, a source on it, and words for what happens:
//
//   put("a.txt", "text");
//   connect();
//   EXPECT_EQ(names(take(1)), Names{"a.txt"});
//   expect_quiet();
class DirectorySourceTest : public testing::Test {
 protected:
  using Names = std::vector<std::string>;

  DirectorySourceTest() {
    options_.connector = "inbox";
    options_.path = folder_.path() / "inbox";
    options_.names = NameFilter({"*"}, {".*", "*.part", "*.tmp", "*~", "*.crdownload"});
    options_.settle = std::chrono::milliseconds(20);
    options_.rescan = std::chrono::hours(1);  // unless a test is about it
    std::filesystem::create_directory(options_.path);
  }

  std::filesystem::path at(const std::string& name) const { return options_.path / name; }
  void put(const std::string& name, const std::string& text) { test::write_file(at(name), text); }
  // As a program that writes elsewhere and renames into place.
  void put_by_rename(const std::string& name, const std::string& text) {
    const auto elsewhere = folder_.path() / "elsewhere";
    test::write_file(elsewhere, text);
    std::filesystem::rename(elsewhere, at(name));
  }

  void make() { source_ = std::make_unique<DirectorySource>(options_, ledger_, consumption_); }
  void connect() {
    make();
    ASSERT_TRUE(source_->connect());
  }
  // Ends without a word, as a crash does, and begins again on the same ledger.
  void crash() { connect(); }

  // One read of at most this time.
  Result<std::vector<Seen>> read(std::chrono::milliseconds time, std::size_t max_events = 1024,
                                 std::size_t max_bytes = 4U << 20);
  // Reads until so many events came, or for 20 s; settles each read when told to.
  std::vector<Seen> take(std::size_t count,
                         std::optional<connector::Settlement> how = connector::Settlement::done);
  void settle(const Seen& seen, connector::Settlement how = connector::Settlement::done) {
    ASSERT_TRUE(source_->settle(seen.token, how));
  }
  // Reads for some time; whatever comes is a failure of the test.
  void expect_quiet(std::chrono::milliseconds time = std::chrono::milliseconds(100));
  // Reads (nothing, it is expected) until the condition holds.
  template <typename Condition>
  bool reads_until(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) return false;
      (void)read(std::chrono::milliseconds(5));
      remember_warnings();
    }
    return true;
  }
  bool warned(const std::string& part);
  void remember_warnings();

  static Names names(const std::vector<Seen>& seen);

  test::TemporaryFolder folder_;
  SourceOptions options_;
  test::MemoryLedger ledger_;
  test::FakeConsumption consumption_;
  std::unique_ptr<DirectorySource> source_;
  std::vector<std::string> warnings_;
};

}  // namespace pelton::directory
