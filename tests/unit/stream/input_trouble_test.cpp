// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/input_trouble.h"

#include <gtest/gtest.h>

namespace pelton::stream {
namespace {

Error away(const char* what) {
  return {ErrorKind::unavailable, "E6101", what};
}

TEST(InputTrouble, ShowsTheNewestUntilItIsOver) {
  InputTrouble trouble("job");
  EXPECT_EQ(trouble.text(), "");
  trouble.say(away("no broker"));
  trouble.say(away("no coordinator"));
  EXPECT_EQ(trouble.text(), "E6101: no coordinator");
  trouble.over();
  EXPECT_EQ(trouble.text(), "");
}

TEST(InputTrouble, TheEndIsNotOver) {
  InputTrouble trouble("job");
  trouble.end({ErrorKind::corrupt, "E6105", "fenced"});
  trouble.say(away("no broker"));
  trouble.over();
  EXPECT_TRUE(trouble.ended());
  EXPECT_EQ(trouble.text(), "E6105: fenced");
}

TEST(InputTrouble, APartitionThatIsWaitedForIsShownWhileTheOthersAreRead) {
  InputTrouble trouble("job");
  trouble.waiting(away("partition 3 has no leader"));
  trouble.say(away("no broker"));
  EXPECT_EQ(trouble.text(), "E6101: no broker");
  trouble.over();
  EXPECT_EQ(trouble.text(), "E6101: partition 3 has no leader") << "records came, of others";
  trouble.waiting(std::nullopt);
  EXPECT_EQ(trouble.text(), "");
}

}  // namespace
}  // namespace pelton::stream
