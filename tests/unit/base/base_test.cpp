// SPDX-License-Identifier: Apache-2.0
#include "engine/base/bounded_queue.h"
#include "engine/base/hash.h"
#include "engine/base/units.h"
#include "engine/base/utf8.h"

#include <gtest/gtest.h>

#include <thread>

namespace pelton {
namespace {

TEST(Units, DurationsHaveUnits) {
  EXPECT_EQ(*parse_duration("200ms"), std::chrono::milliseconds(200));
  EXPECT_EQ(*parse_duration("1.5s"), std::chrono::milliseconds(1500));
  EXPECT_EQ(*parse_duration("7d"), std::chrono::hours(168));
  EXPECT_EQ(*parse_duration("0"), Duration{0});
  for (const char* bad : {"10", "-1s", "s", "1 s", "1x", "", "nan", "1e30d"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
  EXPECT_NE(parse_duration("10").error().message.find("no unit"), std::string::npos);
}

TEST(Units, DurationsAreWrittenInTheLargestExactUnit) {
  EXPECT_EQ(format_duration(std::chrono::seconds(90)), "90s");
  EXPECT_EQ(format_duration(std::chrono::hours(24)), "1d");
  EXPECT_EQ(format_duration(Duration{0}), "0s");
}

TEST(Units, SizesAreBinaryOrDecimal) {
  EXPECT_EQ(*parse_size("1KiB"), 1024U);
  EXPECT_EQ(*parse_size("1kB"), 1000U);
  EXPECT_EQ(*parse_size("10GiB"), 10ULL << 30);
  EXPECT_FALSE(parse_size("12"));
  EXPECT_EQ(format_size(1ULL << 30), "1GiB");
}

TEST(Units, TimesHaveAZone) {
  EXPECT_EQ(to_us(*parse_time("1970-01-01T00:00:01Z")), 1'000'000);
  EXPECT_EQ(*parse_time("2026-11-23T10:00:00+01:00"), *parse_time("2026-11-23T09:00:00Z"));
  EXPECT_EQ(format_time(*parse_time("2026-11-23T10:00:00.25Z")), "2026-11-23T10:00:00.250Z");
  for (const char* bad :
       {"2026-11-23T10:00:00", "2026-02-30T00:00:00Z", "2026-11-23", "x", "2026-11-23T25:00:00Z"})
    EXPECT_FALSE(parse_time(bad)) << bad;
}

// The vectors of Kafka's own test of Utils.murmur2.
TEST(Hash, Murmur2IsKafkas) {
  const std::pair<const char*, std::int32_t> vectors[] = {
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107}};
  for (const auto& [text, hash] : vectors)
    EXPECT_EQ(static_cast<std::int32_t>(murmur2(text)), hash) << text;
}

TEST(BoundedQueue, IsFullAtItsCapacity) {
  BoundedQueue<int> queue(2);
  int item = 1;
  EXPECT_TRUE(queue.try_push(item));
  EXPECT_TRUE(queue.try_push(item));
  EXPECT_FALSE(queue.try_push(item));
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_TRUE(queue.try_push(item));
}

TEST(BoundedQueue, GivesOutWhatItHasAfterClosing) {
  BoundedQueue<int> queue(4);
  queue.push(7);
  queue.close();
  EXPECT_FALSE(queue.push(8));
  EXPECT_EQ(queue.pop(), 7);
  EXPECT_FALSE(queue.pop());
}

TEST(BoundedQueue, ClosingWakesWhoeverWaits) {
  BoundedQueue<int> queue(1);
  std::thread reader([&] { EXPECT_FALSE(queue.pop()); });
  queue.close();
  reader.join();
}

TEST(Utf8, ReplacesWhatIsNot) {
  EXPECT_TRUE(is_utf8("gr\xc3\xbc\xc3\x9f"));
  EXPECT_EQ(first_not_utf8("ab\xff"), 2U);
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));  // a surrogate
  EXPECT_FALSE(is_utf8("\xc0\xaf"));      // overlong
  EXPECT_EQ(to_utf8("a\xff"), "a\xef\xbf\xbd");
}

}  // namespace
}  // namespace pelton
