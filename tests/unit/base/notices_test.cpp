// SPDX-License-Identifier: Apache-2.0
#include "engine/base/notices.h"

#include <gmock/gmock.h>

namespace pelton {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Notices, EachReaderHasOneBox) {
  Notices notices;
  ASSERT_TRUE(notices.box("a")->put("1"));
  ASSERT_TRUE(notices.box("b")->put("2"));
  ASSERT_TRUE(notices.box("a")->put("3"));
  EXPECT_THAT(notices.box("a")->take(), ElementsAre("1", "3"));
  EXPECT_THAT(notices.box("a")->take(), IsEmpty());
  EXPECT_THAT(notices.box("b")->take(), ElementsAre("2"));
}

TEST(Notices, ABoxIsBoundedInTextsAndInBytes) {
  NoticeBox box;
  for (std::size_t i = 0; i < NoticeBox::kMaxTexts; ++i) ASSERT_TRUE(box.put("x"));
  EXPECT_FALSE(box.put("x"));
  EXPECT_EQ(box.take().size(), NoticeBox::kMaxTexts);
  EXPECT_TRUE(box.put(std::string(NoticeBox::kMaxBytes, 'x')));
  EXPECT_FALSE(box.put("x"));
  EXPECT_EQ(box.take().size(), 1U);
  EXPECT_TRUE(box.put("x"));
}

}  // namespace
}  // namespace pelton
