// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/settled_offsets.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace pelton::dispatch {
namespace {

using Update = model::Transaction::ProgressUpdate;

Update taken(SettledOffsets& settled) {
  Update update;
  settled.take(update);
  return update;
}

// "5 7-9", with a + in front when it is added to what is stored.
std::string text(const Update& update) {
  std::string text = fmt::format("{}{}", update.adds ? "+" : "", update.progress.settled);
  for (const auto& range : update.progress.completed)
    text += fmt::format(" {}-{}", range.begin, range.end);
  return text;
}

// Every second of `count` events is settled, beginning with the second one.
void settle_every_second(SettledOffsets& settled, Offset count) {
  for (Offset offset = 1; offset < count; offset += 2) settled.add(offset, offset + 1);
}

TEST(SettledOffsetsTest, TellsTheCursorWhereNothingIsBeyondIt) {
  SettledOffsets settled({});
  settled.add(0, 5);
  EXPECT_TRUE(settled.moved());
  EXPECT_EQ(text(taken(settled)), "5");
  EXPECT_FALSE(settled.moved());
}

TEST(SettledOffsetsTest, TellsOnlyWhatIsNew) {
  SettledOffsets settled({});
  settle_every_second(settled, 1000);
  EXPECT_FALSE(taken(settled).adds);
  settled.add(1000, 1001);
  EXPECT_EQ(text(taken(settled)), "+0 1000-1001");
  settled.add(1001, 1003);
  settled.add(1003, 1004);
  EXPECT_EQ(text(taken(settled)), "+0 1001-1004");
  settled.add(0, 1);
  EXPECT_EQ(text(taken(settled)), "+2") << "0 and what followed it";
}

TEST(SettledOffsetsTest, ContinuesWhatIsStored) {
  SettledOffsets settled({5, {{7, 8}, {9, 10}, {11, 12}}});
  settled.add(20, 21);
  EXPECT_EQ(text(taken(settled)), "+5 20-21");
}

TEST(SettledOffsetsTest, PiecesAreInOrder) {
  SettledOffsets settled({});
  settle_every_second(settled, 100);
  taken(settled);
  settled.add(120, 121);
  settled.add(110, 111);
  EXPECT_EQ(text(taken(settled)), "+0 110-111 120-121");
}

// What all commits carry together is proportional to what was settled.
TEST(SettledOffsetsTest, CommitsDoNotCopyWhatIsSettledAlready) {
  constexpr Offset kParked = 5000;
  SettledOffsets settled({});
  std::size_t carried = 0;
  for (Offset offset = 1; offset < 2 * kParked; offset += 2) {
    settled.add(offset, offset + 1);
    carried += taken(settled).progress.completed.size();
  }
  EXPECT_LT(carried, 3 * kParked);
}

// Against one that applies every update, with the pieces that it has counted.
TEST(SettledOffsetsTest, UpdatesLeadToAllThatIsSettled) {
  std::mt19937 random(5);
  for (int round = 0; round < 100; ++round) {
    SettledOffsets settled({});
    model::OffsetRanges stored, all;
    for (int i = 0; i < 300; ++i) {
      for (unsigned n = random() % 4; n > 0; --n) {
        const auto begin = static_cast<Offset>(random() % 400);
        const Offset end = begin + 1 + static_cast<Offset>(random() % 3);
        settled.add(begin, end);
        all.add(begin, end);
      }
      model::apply(taken(settled), stored);
      ASSERT_EQ(stored.stored(), all.stored());
    }
  }
}

}  // namespace
}  // namespace pelton::dispatch
