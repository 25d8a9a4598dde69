// SPDX-License-Identifier: Apache-2.0
#include "engine/base/units.h"

#include <gtest/gtest.h>

namespace pelton {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Durations, HaveUnits) {
  const std::pair<const char*, Duration> known[] = {
      {"250us", microseconds(250)}, {"200ms", milliseconds(200)}, {"30s", seconds(30)},
      {"1.5s", milliseconds(1500)}, {"5m", minutes(5)},           {"36h", hours(36)},
      {"7d", hours(168)},           {"2w", hours(336)},           {"0", Duration{0}},
      {"0s", Duration{0}},          {"0.5ms", microseconds(500)}};
  for (const auto& [text, duration] : known) EXPECT_EQ(parse_duration(text), duration) << text;
}

TEST(Durations, OfAnotherShapeAreRefused) {
  for (const char* bad :
       {"",   "s",   "10",  "1.5",  "-1s",  "-0.1s", "1 s",    " 1s",   "1s ",   "1x",
        "1S", "ms5", "nan", "nans", "infs", "1e30d", "1e999s", "0x10s", "1m30s", "1,5s"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(Durations, SayWhatIsWrongWithThem) {
  const auto words = [](const char* text) { return parse_duration(text).error().message; };
  EXPECT_EQ(words("10"), "\"10\" has no unit: write a duration such as 200ms, 30s, 5m or 7d");
  EXPECT_NE(words("-1s").find("is negative"), std::string::npos);
  EXPECT_NE(words("1x").find("ends in one of us, ms, s, m, h, d, w"), std::string::npos);
  EXPECT_NE(words("1e15w").find("is too large"), std::string::npos);
  EXPECT_EQ(parse_duration("10").error().kind, ErrorKind::invalid);
}

TEST(Durations, AreWrittenInTheLargestExactUnit) {
  EXPECT_EQ(format_duration(seconds(90)), "90s");
  EXPECT_EQ(format_duration(hours(24)), "1d");
  EXPECT_EQ(format_duration(Duration{0}), "0s");
  for (const Duration& d :
       {Duration{1}, Duration{1'000}, Duration{60'000'001}, Duration(hours(49))})
    EXPECT_EQ(parse_duration(format_duration(d)), d);
}

TEST(Sizes, AreBinaryOrDecimal) {
  const std::pair<const char*, std::uint64_t> known[] = {{"0", 0},
                                                         {"100B", 100},
                                                         {"1kB", 1'000},
                                                         {"1KiB", 1'024},
                                                         {"1.5MiB", 3 << 19},
                                                         {"2MB", 2'000'000},
                                                         {"10GiB", 10ULL << 30},
                                                         {"1TiB", 1ULL << 40}};
  for (const auto& [text, bytes] : known) EXPECT_EQ(parse_size(text), bytes) << text;
  for (const char* bad : {"12", "1K", "1kb", "1 KiB", "-1B", "9999999TiB", "B", ""})
    EXPECT_FALSE(parse_size(bad)) << bad;
}

TEST(Sizes, AreWrittenInBinaryUnits) {
  EXPECT_EQ(format_size(0), "0B");
  EXPECT_EQ(format_size(1'000), "1000B");
  EXPECT_EQ(format_size(64ULL << 20), "64MiB");
  for (const std::uint64_t size : {1ULL, 1'023ULL, 1'536ULL, 5ULL << 40})
    EXPECT_EQ(parse_size(format_size(size)), size);
}

TEST(Times, HaveAZone) {
  EXPECT_EQ(to_us(*parse_time("1970-01-01T00:00:01Z")), 1'000'000);
  EXPECT_EQ(to_us(*parse_time("1969-12-31T23:59:59.5Z")), -500'000);
  EXPECT_EQ(*parse_time("2026-11-23T10:00:00+01:00"), *parse_time("2026-11-23T09:00:00Z"));
  EXPECT_EQ(*parse_time("2026-11-23T00:30:00-05:30"), *parse_time("2026-11-23T06:00:00Z"));
  EXPECT_EQ(*parse_time("2024-02-29t12:00:00z"), *parse_time("2024-02-29 12:00:00Z"));
}

TEST(Times, OfAnotherShapeAreRefused) {
  for (const char* bad :
       {"", "x", "2026-11-23", "2026-11-23T10:00:00", "2026-11-23T10:00Z", "2026-11-23T10:00:00.Z",
        "2026-11-23T10:00:00 Z", "2026-11-23T10:00:00+0100", "2026-11-23T10:00:00+24:00",
        "2026-11-23T10:00:00Zx", "2026-1-23T10:00:00Z", "1699999999"})
    EXPECT_FALSE(parse_time(bad)) << bad;
}

TEST(Times, ThatNoCalendarHasAreRefused) {
  for (const char* bad : {"2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
                          "2026-00-10T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T25:00:00Z",
                          "2026-11-23T10:60:00Z", "2026-11-23T10:00:61Z"})
    EXPECT_FALSE(parse_time(bad)) << bad;
}

TEST(Times, TakeDigitsForNumbersNotSigns) {
  for (const char* bad : {"2026-11-23T-1:00:00Z", "2026-11-23T10:-1:00Z", "2026-11-23T10:00:-1Z",
                          "-026-11-23T10:00:00Z", "2026-11-23T10:00:00+-1:00"})
    EXPECT_FALSE(parse_time(bad)) << bad;
}

TEST(Times, AreWrittenInUtcWithTheDigitsTheyNeed) {
  for (const char* text : {"2026-11-23T10:00:00Z", "2026-11-23T10:00:00.250Z",
                           "2026-11-23T10:00:00.000001Z", "1969-12-31T23:59:59.999Z"})
    EXPECT_EQ(format_time(*parse_time(text)), text);
  EXPECT_EQ(format_time(*parse_time("2026-11-23T10:00:00.1234567Z")),
            "2026-11-23T10:00:00.123456Z");
}

}  // namespace
}  // namespace pelton
