// SPDX-License-Identifier: Apache-2.0
#include "engine/model/dead_letter_text.h"

#include <gtest/gtest.h>

namespace pelton::model {
namespace {

TEST(DeadLetterText, WhatIsWrittenIsRead) {
  const DeadLetterId id{BindingId{1}, PartitionId{3}, 17, Incarnation{0xab}};
  const std::string text = dead_letter_text("bill", id);
  EXPECT_EQ(text, "bill/3/17/00000000000000ab");
  const auto parsed = parse_dead_letter(text);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->binding, "bill");
  EXPECT_EQ(parsed->partition, id.partition);
  EXPECT_EQ(parsed->offset, id.offset);
  EXPECT_EQ(parsed->stream, id.stream);
}

TEST(DeadLetterText, TheShortFormNamesNoStream) {
  const auto parsed = parse_dead_letter("bill/3/17");
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->stream);
}

TEST(DeadLetterText, AllElseIsAnError) {
  for (const char* text : {"", "bill", "bill/3", "bill/x/17", "bill/3/", "bill/3/17/",
                           "bill/3/17/xyz", "bill/3/17/ab/cd", "bill/-1/17", "bill/3/1 7"}) {
    const auto parsed = parse_dead_letter(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, "E5002");
  }
}

}  // namespace
}  // namespace pelton::model
