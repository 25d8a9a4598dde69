// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/wire_format.h"

#include <gtest/gtest.h>

#include <string>

namespace pelton::schema {
namespace {

using namespace std::string_literals;

TEST(WireFormat, BeginsWithZeroAndTheId) {
  std::string value;
  append_frame(value, 0x01020304);
  EXPECT_EQ(value, "\0\1\2\3\4"s);
  const std::string whole = value + "rest";
  const auto both = framed(whole);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->id, 0x01020304U);
  EXPECT_EQ(both->bytes, "rest");
  EXPECT_EQ(framed("\0\xff\xff\xff\xff"s)->id, 0xffffffffU);
}

TEST(WireFormat, OtherValuesAreNone) {
  for (const std::string& value : {""s, "\0"s, "\0\0\0\0"s, "{\"a\":1}"s, "\1\0\0\0\1x"s})
    EXPECT_FALSE(framed(value)) << value.size();
}

}  // namespace
}  // namespace pelton::schema
