// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/usage_meter.h"

#include "engine/base/units.h"
#include "tests/unit/store/store_fixture.h"

#include <gmock/gmock.h>

namespace pelton::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class UsageMeters : public store::StoreFixture {
 protected:
  void SetUp() override {
    open();
    begin();
  }
  // As an engine that starts on the folder.
  void begin() {
    meter.emplace(*store);
    ASSERT_TRUE(meter->load());
  }
  void restart() {
    meter.reset();
    open();
    begin();
  }
  void use(const std::string& function, const std::string& of, std::uint64_t billed_ms) {
    model::Usage usage;
    usage.invocations = 1;
    usage.events = 2;
    usage.billed_ms = billed_ms;
    usage.busy = std::chrono::microseconds(billed_ms * 1000 - 1);
    usage.mib_ms = billed_ms * 128;
    usage.peak_memory = billed_ms << 20;
    meter->open(function, of).add(usage);
  }
  // "day function binding billed", in order.
  std::vector<std::string> rows(const std::string& since = "") {
    std::vector<std::string> list;
    for (const auto& [name, usage] : meter->since(since, now))
      list.push_back(
          fmt::format("{} {} {} {}", name.day, name.function, name.binding, usage.billed_ms));
    return list;
  }

  WallTime now = *parse_time("2026-11-28T23:59:58Z");
  std::optional<UsageMeter> meter;
};

TEST_F(UsageMeters, AddUpByDayFunctionAndBinding) {
  use("resize", "pictures", 7);
  use("resize", "pictures", 5);
  use("resize", "scans", 1);
  meter->sample(now);
  now += std::chrono::seconds(3);
  use("resize", "pictures", 2);
  EXPECT_THAT(rows(), ElementsAre("2026-11-28 resize pictures 12", "2026-11-28 resize scans 1",
                                  "2026-11-29 resize pictures 2"));
  EXPECT_THAT(rows("2026-11-29"), ElementsAre("2026-11-29 resize pictures 2"));
  EXPECT_THAT(rows("2026-12-01"), IsEmpty());
}

TEST_F(UsageMeters, AreKeptOverARestart) {
  use("resize", "pictures", 7);
  const model::Usage before = meter->since("", now).begin()->second;
  ASSERT_TRUE(meter->finish(now));
  restart();
  use("resize", "pictures", 5);
  EXPECT_THAT(rows(), ElementsAre("2026-11-28 resize pictures 12"));
  const model::Usage after = meter->since("", now).begin()->second;
  EXPECT_EQ(after.events, 2 * before.events);
  EXPECT_EQ(after.peak_memory, before.peak_memory) << "the largest, not the sum";
  EXPECT_EQ(after.busy, before.busy + std::chrono::microseconds(4999));
}

TEST_F(UsageMeters, AreStoredEveryFewSecondsAsWell) {
  use("resize", "pictures", 7);
  meter->sample(now);
  restart();
  EXPECT_THAT(rows(), ElementsAre("2026-11-28 resize pictures 7"));
}

TEST_F(UsageMeters, AClockThatIsSetBackDelaysNothing) {
  use("resize", "pictures", 7);
  meter->sample(now);
  now -= std::chrono::hours(1000);
  use("resize", "pictures", 1);
  meter->sample(now);
  restart();
  EXPECT_EQ(rows().size(), 2U);
}

TEST_F(UsageMeters, SayWhatEachFunctionUsedSoFar) {
  use("resize", "", 0);
  meter->open("resize", "").cold_starts = 1;
  use("scan", "pictures", 3);
  EXPECT_THAT(rows(), ElementsAre("2026-11-28 resize  0", "2026-11-28 scan pictures 3"));
  EXPECT_THAT(rows(), ElementsAre("2026-11-28 resize  0", "2026-11-28 scan pictures 3"))
      << "asking changes nothing";
}

// Of a later version, or damaged.
TEST_F(UsageMeters, DropWhatTheyCannotRead) {
  use("resize", "pictures", 7);
  ASSERT_TRUE(meter->finish(now));
  const std::string key = std::string("2026-11-28") + '\0' + "scan" + '\0' + "pictures";
  const store::Ledger::KeyValue entries[] = {{key, "no JSON"}};
  ASSERT_TRUE(store->ledger().put("/usage", entries));
  restart();
  EXPECT_THAT(rows(), ElementsAre("2026-11-28 resize pictures 7"));
}

TEST_F(UsageMeters, StoreNothingWhenNothingWasUsed) {
  const auto before = store->activity().commits;
  for (int second = 0; second < 20; ++second) meter->sample(now += std::chrono::seconds(1));
  ASSERT_TRUE(meter->finish(now));
  EXPECT_EQ(store->activity().commits, before);
}

TEST_F(UsageMeters, ForgetDaysOfLongAgo) {
  use("resize", "pictures", 7);
  meter->sample(now);
  now += std::chrono::hours(24 * 401);
  use("resize", "pictures", 1);
  meter->sample(now);
  restart();
  EXPECT_THAT(rows(), ElementsAre("2028-01-03 resize pictures 1"));
}

}  // namespace
}  // namespace pelton::runtime
