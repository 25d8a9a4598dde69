// SPDX-License-Identifier: Apache-2.0
#include "engine/base/utf8.h"

#include <gtest/gtest.h>

namespace pelton {
namespace {

TEST(Utf8, KnowsWellFormedText) {
  for (const char* good :
       {"", "plain", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac", "\xf0\x9f\x92\xa7", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good)) << good;
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndWhatLiesBeyondUnicode) {
  for (const char* bad : {"\xc0\xaf", "\xc1\x81", "\xe0\x80\x80", "\xf0\x80\x80\x80",
                          "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80", "\xff"})
    EXPECT_FALSE(is_utf8(bad));
}

TEST(Utf8, TellsWhereTextEnds) {
  EXPECT_EQ(first_not_utf8("ab\xff"), 2U);
  EXPECT_EQ(first_not_utf8("\xe2\x82"), 0U);  // cut inside a character
  EXPECT_EQ(first_not_utf8("a\xc3\xbc\xc3"), 3U);
}

TEST(Utf8, ReplacesEachByteThatIsNot) {
  EXPECT_EQ(to_utf8("a\xff"), "a\xef\xbf\xbd");
  EXPECT_EQ(to_utf8("\xe2\x82z"), "\xef\xbf\xbd\xef\xbf\xbdz");
  EXPECT_EQ(to_utf8("whole"), "whole");
}

TEST(Utf8, IsShortenedBetweenCharacters) {
  EXPECT_EQ(shortened("whole", 5), "whole");
  EXPECT_EQ(shortened("longer", 4), "long...");
  EXPECT_EQ(shortened("a\xe2\x82\xac!", 3), "a...");
  EXPECT_EQ(shortened("\xff\xff", 1), "\xef\xbf\xbd...");
}

}  // namespace
}  // namespace pelton
