// SPDX-License-Identifier: Apache-2.0
#include "engine/config/spec/values.h"

#include "engine/config/parts/start.h"

#include <gtest/gtest.h>

namespace pelton::config {
namespace {

OptionSpec of(OptionType type) {
  OptionSpec spec;
  spec.name = "x";
  spec.type = type;
  return spec;
}

template <typename T>
std::optional<T> parsed(OptionType type, const std::string& text, bool quoted = false) {
  const auto value = parse_value(of(type), text, quoted, "/etc/pelton");
  if (!value) return std::nullopt;
  return std::get<T>(*value);
}

std::string code(OptionType type, const std::string& text, bool quoted = false) {
  const auto value = parse_value(of(type), text, quoted, "/etc/pelton");
  return value ? "" : value.error().code;
}

TEST(Values, OnlyTrueAndFalseAreBooleans) {
  EXPECT_EQ(parsed<bool>(OptionType::boolean, "true"), true);
  EXPECT_EQ(parsed<bool>(OptionType::boolean, "false"), false);
  for (const char* text : {"yes", "no", "on", "off", "True", "TRUE", "1", "y", ""})
    EXPECT_EQ(code(OptionType::boolean, text), "E1007") << text;
  EXPECT_EQ(code(OptionType::boolean, "true", true), "E1007");
}

TEST(Values, NumbersAreDecimalAndWhole) {
  EXPECT_EQ(parsed<std::int64_t>(OptionType::number, "0"), 0);
  EXPECT_EQ(parsed<std::int64_t>(OptionType::number, "4294967295"), 4294967295);
  for (const char* text :
       {"010", "-010", "0x10", "0o17", "1_000", "1:30", "1e3", "1.0", "", " 1", "+1", "many", "1 "})
    EXPECT_EQ(code(OptionType::number, text), "E1007") << text;
  EXPECT_EQ(code(OptionType::number, "4", true), "E1007");
  for (const char* text : {"-1", "-12", "4294967296", "9223372036854775808"})
    EXPECT_EQ(code(OptionType::number, text), "E1009") << "no member has room for it: " << text;
}

TEST(Values, RealNumbersAreFinite) {
  EXPECT_EQ(parsed<double>(OptionType::real, "0.2"), 0.2);
  EXPECT_EQ(parsed<double>(OptionType::real, "3"), 3.0);
  for (const char* text : {"nan", "inf", "-inf", "infinity", ".nan", "1,5", "x"})
    EXPECT_EQ(code(OptionType::real, text), "E1007") << text;
  EXPECT_EQ(code(OptionType::real, "1e999"), "E1009");
}

TEST(Values, DurationsAndSizesCarryUnits) {
  EXPECT_EQ(parsed<Duration>(OptionType::duration, "1.5s"), std::chrono::milliseconds(1500));
  EXPECT_EQ(parsed<Duration>(OptionType::duration, "0"), Duration{});
  EXPECT_EQ(parsed<std::uint64_t>(OptionType::size, "512MiB"), 512ULL << 20);
  for (const char* text : {"10", "10 s", "-5s", "s", "5sec", "1e400s"})
    EXPECT_EQ(code(OptionType::duration, text), "E1008") << text;
  for (const char* text : {"10", "10M", "-1MiB", "1mib", ""})
    EXPECT_EQ(code(OptionType::size, text), "E1008") << text;
}

TEST(Values, PathsBeginInTheFolder) {
  using Path = std::filesystem::path;
  EXPECT_EQ(parsed<Path>(OptionType::path, "./a/../b/"), Path("/etc/pelton/b"));
  EXPECT_EQ(parsed<Path>(OptionType::path, "../x"), Path("/etc/x"));
  EXPECT_EQ(parsed<Path>(OptionType::path, "/srv/"), Path("/srv"));
  EXPECT_EQ(parsed<Path>(OptionType::path, "/"), Path("/"));
  EXPECT_EQ(code(OptionType::path, ""), "E1006");
  EXPECT_EQ(code(OptionType::path, std::string(5000, 'x')), "E1009");
  EXPECT_EQ(code(OptionType::path, std::string("da\0ta", 5)), "E1010");
}

TEST(Values, AChoiceIsOneOfItsWords) {
  OptionSpec spec = of(OptionType::choice);
  spec.choices = {"key", "partition"};
  EXPECT_TRUE(parse_value(spec, "key", false, ""));
  const auto wrong = parse_value(spec, "partitoin", false, "");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, "E1010");
  EXPECT_NE(wrong.error().message.find("did you mean \"partition\""), std::string::npos);
}

TEST(Values, ABeginningIsAPlaceATimeOrADuration) {
  const WallTime now{std::chrono::hours(1000)};
  for (const char* text : {"earliest", "latest", "2026-01-01T00:00:00Z", "1d"}) {
    const auto start = parse_start(text);
    ASSERT_TRUE(start) << text;
    EXPECT_EQ(start_text(*start), text);
    EXPECT_EQ(begin_at(*start, now) == *start, start->ago == std::nullopt) << text;
  }
  EXPECT_EQ(begin_at(*parse_start("90m"), now).time, now - std::chrono::minutes(90));
  for (const char* text : {"", "now", "0s", "-1h", "24", "yesterday"})
    EXPECT_FALSE(parse_start(text)) << text;
}

TEST(Values, BoundsAreInclusive) {
  OptionSpec spec = of(OptionType::duration);
  spec.at_least = "1s";
  spec.at_most = "1h";
  const auto within = [&](const std::string& text) {
    return check_bounds(spec, *parse_value(spec, text, false, ""), text).has_value();
  };
  EXPECT_TRUE(within("1000ms"));
  EXPECT_TRUE(within("60m"));
  EXPECT_FALSE(within("999ms"));
  EXPECT_FALSE(within("61m"));
}

}  // namespace
}  // namespace pelton::config
