// SPDX-License-Identifier: Apache-2.0
#include "engine/dead_letters/dead_letter_index.h"

#include <gtest/gtest.h>

namespace pelton::dead_letters {
namespace {

constexpr BindingId kJob{1};

model::DeadLetterId letter(Offset offset, BindingId binding = kJob) {
  return {binding, PartitionId{0}, offset};
}
LetterPlace at(std::uint32_t partition, Offset offset, std::uint32_t bytes = 10) {
  return {PartitionId{partition}, bytes, offset};
}
using Ids = std::vector<model::DeadLetterId>;

struct Index : ::testing::Test {
  std::uint64_t count(BindingId binding = kJob) const {
    const auto counts = index.counts();
    const auto found = counts.find(binding);
    return found == counts.end() ? 0 : found->second;
  }
  Ids ids(BindingId binding = kJob) const {
    return index.page(binding, std::nullopt, {100, 1'000'000}).ids;
  }
  DeadLetterIndex index{4};
};

TEST_F(Index, ALetterThatIsThereTwiceIsOne) {
  index.add(letter(7), at(0, 1));
  index.add(letter(7), at(0, 5));
  index.add(letter(7), at(2, 3));
  EXPECT_EQ(index.size(), 1U);
  EXPECT_EQ(count(), 1U);
  EXPECT_EQ(index.places(letter(7)), (std::vector{at(0, 5), at(2, 3)}));
}

TEST_F(Index, ARemovalTakesWhatIsBeforeItInItsPartition) {
  index.add(letter(7), at(0, 1));
  index.add(letter(7), at(2, 3));
  index.remove(letter(7), at(0, 1));
  EXPECT_EQ(index.places(letter(7)), (std::vector{at(2, 3)}));
  index.remove(letter(7), at(2, 3));
  EXPECT_TRUE(index.places(letter(7)).empty());
  EXPECT_EQ(count(), 0U);
}

TEST_F(Index, ACopyThatCameLaterStays) {
  index.add(letter(7), at(0, 9));
  index.remove(letter(7), at(0, 8));
  EXPECT_EQ(count(), 1U);
}

TEST_F(Index, ARemovalOfWhatIsNotThereIsNothing) {
  index.remove(letter(7), at(0, 8));
  EXPECT_EQ(index.size(), 0U);
}

TEST_F(Index, RetentionDropsLetters) {
  index.add(letter(1), at(0, 1));
  index.add(letter(2), at(0, 2));
  index.add(letter(3), at(1, 1));
  index.trim(PartitionId{0}, 2);
  EXPECT_EQ(ids(), (Ids{letter(2), letter(3)}));
  EXPECT_EQ(count(), 2U);
}

TEST_F(Index, IdsComeInOrderBehindOneAndOfTheirBindingAlone) {
  index.add(letter(3), at(0, 0));
  index.add(letter(1), at(0, 1));
  index.add(letter(2), at(0, 2));
  index.add(letter(1, BindingId{2}), at(0, 3));
  EXPECT_EQ(ids(), (Ids{letter(1), letter(2), letter(3)}));
  EXPECT_EQ(ids(BindingId{2}), Ids{letter(1, BindingId{2})});
  EXPECT_EQ(index.page(kJob, letter(2), {100, 1000}).ids, Ids{letter(3)});
  EXPECT_EQ(count(BindingId{2}), 1U);
}

TEST_F(Index, APageIsBoundedByLettersAndByBytes) {
  for (Offset i = 0; i < 4; ++i) index.add(letter(i), at(0, i));
  auto page = index.page(kJob, std::nullopt, {2, 1000});
  EXPECT_EQ(page.ids, (Ids{letter(0), letter(1)}));
  EXPECT_TRUE(page.more);
  page = index.page(kJob, letter(0), {100, 25});
  EXPECT_EQ(page.ids, (Ids{letter(1), letter(2)})) << "ten bytes each";
  EXPECT_TRUE(page.more);
  page = index.page(kJob, letter(1), {100, 20});
  EXPECT_EQ(page.ids, (Ids{letter(2), letter(3)}));
  EXPECT_FALSE(page.more);
  EXPECT_EQ(index.page(kJob, letter(2), {100, 1}).ids, Ids{letter(3)}) << "one in any case";
}

TEST_F(Index, CountsOnePartitionOfTheStream) {
  index.add(letter(1), at(0, 1));
  index.add({kJob, PartitionId{1}, 1}, at(0, 2));
  index.add({kJob, PartitionId{1}, 2}, at(0, 3));
  index.add({BindingId{2}, PartitionId{1}, 2}, at(0, 4));
  EXPECT_EQ(index.count(kJob, std::nullopt), 3U);
  EXPECT_EQ(index.count(kJob, PartitionId{1}), 2U);
  EXPECT_EQ(index.count(kJob, PartitionId{2}), 0U);
  EXPECT_EQ(index.count(BindingId{3}, std::nullopt), 0U);
}

TEST_F(Index, AFullOneSaysThatItDoesNotKnowAll) {
  for (Offset i = 0; i < 4; ++i) index.add(letter(i), at(0, i));
  index.add(letter(0), at(0, 4));
  EXPECT_TRUE(index.complete()) << "a copy of a letter that it has";
  index.add(letter(5), at(0, 5));
  EXPECT_FALSE(index.complete());
  EXPECT_EQ(index.size(), 4U);
  index.clear();
  EXPECT_TRUE(index.complete());
  EXPECT_EQ(count(), 0U);
}

}  // namespace
}  // namespace pelton::dead_letters
