// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/connector/directory_fixture.h"

#include <gtest/gtest.h>

#include <set>

// Many files at once: the kernel's queue overflows, ours are bounded, every file comes exactly
// once.
namespace pelton::directory {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kBurst = 20'000;
#else
constexpr std::size_t kBurst = 100'000;
#endif

class DirectoryBurst : public DirectorySourceTest {
 protected:
  void put_many(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) std::ofstream(at("f" + std::to_string(i))) << i;
  }
  void expect_all_once(std::size_t count) {
    std::set<std::string> keys;
    for (const Seen& seen : take(count)) EXPECT_TRUE(keys.insert(seen.key).second) << seen.key;
    EXPECT_EQ(keys.size(), count);
    expect_quiet();
  }
};

TEST_F(DirectoryBurst, AHundredThousandFilesAtOnceComeOnceEach) {
  connect();
  take(0);
  read(std::chrono::milliseconds(10)).value();  // the folder is watched
  put_many(0, kBurst);                          // more than the kernel keeps: an overflow
  expect_all_once(kBurst);
  EXPECT_EQ(ledger_.entries.size(), kBurst);
}

TEST_F(DirectoryBurst, ManyFilesAtStartComeOnceEachAndNotAgain) {
  put_many(0, 20'000);
  connect();
  expect_all_once(20'000);
  connect();
  expect_quiet();
}

TEST_F(DirectoryBurst, SmallQueuesLoseNothing) {
  options_.max_queued = 10;
  options_.settle = std::chrono::milliseconds(5);
  put_many(0, 500);
  connect();
  put_many(500, 1'000);
  expect_all_once(1'000);
}

TEST_F(DirectoryBurst, ALedgerOfManyMissingFilesIsClearedInSteps) {
  options_.rescan = std::chrono::milliseconds(20);
  for (std::size_t i = 0; i < kBurst; ++i) ledger_.entries["gone" + std::to_string(i)] = "id";
  put("stays", "text");
  connect();
  take(1);
  EXPECT_TRUE(reads_until([&] { return ledger_.entries.size() == 1; }));
}

}  // namespace
}  // namespace pelton::directory
