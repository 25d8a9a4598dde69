// SPDX-License-Identifier: Apache-2.0
#include "engine/base/number.h"

#include <gtest/gtest.h>

namespace pelton {
namespace {

TEST(Number, IntegersOf64BitsAreExact) {
  EXPECT_NE(parse_number("9007199254740992"), parse_number("9007199254740993"));
  EXPECT_LT(*parse_number("9223372036854775807"), *parse_number("9223372036854775808"));
  EXPECT_LT(*parse_number("18446744073709551614"), *parse_number("18446744073709551615"));
  EXPECT_LT(*parse_number("-9223372036854775808"), *parse_number("-9223372036854775807"));
}

TEST(Number, HowItIsWrittenDoesNotMatter) {
  EXPECT_EQ(parse_number("1000"), parse_number("1e3"));
  EXPECT_EQ(parse_number("1000"), parse_number("1000.0"));
  EXPECT_EQ(parse_number("0"), parse_number("-0"));
}

TEST(Number, AFractionComparesWithALargeInteger) {
  EXPECT_LT(*parse_number("9007199254740992"), *parse_number("9007199254740992.9e3"));
  EXPECT_LT(*parse_number("0.5"), *parse_number("1"));
}

TEST(Number, WhatIsNotAFiniteNumberIsNone) {
  for (const char* bad : {"", " 1", "1 ", "+1", "0x10", "1,5", "nan", "inf", "1e999", "one"})
    EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace pelton
