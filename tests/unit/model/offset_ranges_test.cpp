// SPDX-License-Identifier: Apache-2.0
#include "engine/model/offset_ranges.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace pelton::model {
namespace {

std::string text(const OffsetRanges& ranges) {
  const Progress cursor = ranges.stored();
  std::string text = std::to_string(cursor.settled);
  for (const auto& range : cursor.completed) text += fmt::format(" {}-{}", range.begin, range.end);
  return text;
}

TEST(OffsetRangesTest, TouchingRangesAreOne) {
  OffsetRanges ranges;
  ranges.add(4, 6);
  ranges.add(8, 9);
  EXPECT_EQ(text(ranges), "0 4-6 8-9");
  ranges.add(6, 8);
  EXPECT_EQ(text(ranges), "0 4-9");
  EXPECT_EQ(ranges.beyond(), 1U);
}

TEST(OffsetRangesTest, TheCursorSwallowsWhatItReaches) {
  OffsetRanges ranges({5, {{7, 9}, {12, 13}}});
  ranges.add(5, 7);
  EXPECT_EQ(text(ranges), "9 12-13");
  ranges.add(0, 3);
  EXPECT_EQ(text(ranges), "9 12-13");
  ranges.add(8, 20);
  EXPECT_EQ(text(ranges), "20");
}

TEST(OffsetRangesTest, OverlapsAreMerged) {
  OffsetRanges ranges;
  ranges.add(2, 5);
  ranges.add(4, 8);
  ranges.add(1, 3);
  EXPECT_EQ(text(ranges), "0 1-8");
  EXPECT_FALSE(ranges.contains(0));
  EXPECT_TRUE(ranges.contains(1));
  EXPECT_TRUE(ranges.contains(7));
  EXPECT_FALSE(ranges.contains(8));
}

// Against a set of offsets.
TEST(OffsetRangesTest, HoldsWhatWasAddedInAnyOrder) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    OffsetRanges ranges;
    std::set<Offset> added;
    for (int i = 0; i < 60; ++i) {
      const auto begin = static_cast<Offset>(random() % 200);
      const auto end = begin + static_cast<Offset>(random() % 6);
      ranges.add(begin, end);
      for (Offset offset = begin; offset < end; ++offset) added.insert(offset);
      Offset last = -1;
      for (const auto& range : ranges.stored().completed) {
        ASSERT_GT(range.begin, std::max(last, ranges.cursor())) << "it touches the one before";
        ASSERT_LT(range.begin, range.end);
        last = range.end;
      }
    }
    for (Offset offset = 0; offset < 210; ++offset)
      ASSERT_EQ(ranges.contains(offset), added.contains(offset)) << offset;
    EXPECT_TRUE(!added.contains(ranges.cursor()));
  }
}

using Update = Transaction::ProgressUpdate;

std::string applied(OffsetRanges ranges, const Update& update) {
  apply(update, ranges);
  return text(ranges);
}

TEST(ProgressUpdateTest, ReplacesOrAdds) {
  const OffsetRanges stored({5, {{7, 9}, {12, 13}}});
  EXPECT_EQ(applied(stored, {{}, {}, {3, {}}}), "3") << "a seek back";
  EXPECT_EQ(applied(stored, {{}, {}, {5, {{10, 11}}}, true}), "5 7-9 10-11 12-13");
  EXPECT_EQ(applied(stored, {{}, {}, {9, {}}, true}), "9 12-13") << "7 to 9 is known already";
  EXPECT_EQ(applied(stored, {{}, {}, {6, {}}, true}), "6 7-9 12-13");
}

// Whatever was joined of a sequence of updates leads to the same.
TEST(ProgressUpdateTest, JoinedOnesAreAsGoodAsOneByOne) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    OffsetRanges one_by_one, all_settled;
    std::optional<Update> joined;
    for (int i = 0; i < 12; ++i) {
      const auto begin = static_cast<Offset>(random() % 40);
      const OffsetRange fresh{begin, begin + 1 + static_cast<Offset>(random() % 3)};
      all_settled.add(fresh.begin, fresh.end);
      Update update{{}, {}, {all_settled.cursor(), {}}, true};
      if (fresh.begin > all_settled.cursor()) update.progress.completed.push_back(fresh);
      if (random() % 8 == 0) update = {{}, {}, all_settled.stored()};
      apply(update, one_by_one);
      if (joined)
        join(*joined, update);
      else
        joined = update;
    }
    ASSERT_EQ(text(one_by_one), text(all_settled));
    ASSERT_EQ(applied(OffsetRanges{}, *joined), text(all_settled));
  }
}

}  // namespace
}  // namespace pelton::model
