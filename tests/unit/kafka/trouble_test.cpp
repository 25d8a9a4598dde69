// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/trouble.h"

#include "engine/observe/log.h"

#include <gmock/gmock.h>

namespace pelton::kafka {
namespace {

using testing::HasSubstr;
using testing::Not;

class TroubleTest : public testing::Test {
 protected:
  TroubleTest() {
    observe::log::configure(observe::log::Level::info, observe::log::Format::pretty, false);
  }
  template <typename Call>
  static std::string logged(Call call) {
    testing::internal::CaptureStderr();
    call();
    return testing::internal::GetCapturedStderr();
  }
  Trouble trouble{"orders"};
};

TEST_F(TroubleTest, ThereIsNoneAtFirst) {
  EXPECT_EQ(trouble.text(), "");
  EXPECT_EQ(logged([&] { trouble.over(); }), "");
}

TEST_F(TroubleTest, ItIsLoggedWhenItComesAndWhenItGoes) {
  EXPECT_THAT(logged([&] { trouble.say("E6101: a broker is away"); }),
              HasSubstr("E6101: a broker is away"));
  EXPECT_EQ(trouble.text(), "E6101: a broker is away");
  EXPECT_THAT(logged([&] { trouble.over(); }), HasSubstr("the brokers take records again"));
  EXPECT_EQ(trouble.text(), "");
}

TEST_F(TroubleTest, WhatTheClientRepeatsIsSaidOnce) {
  trouble.say("E6101: a broker is away");
  EXPECT_EQ(logged([&] { trouble.say("E6101: a broker is away"); }), "");
  EXPECT_THAT(logged([&] { trouble.say("E6110: too few replicas"); }),
              HasSubstr("E6110: too few replicas"));
  EXPECT_EQ(trouble.text(), "E6110: too few replicas");
}

TEST_F(TroubleTest, WhatIsSaidInTurnsIsLoggedOnce) {
  trouble.say("E6164: one");
  trouble.say("E6164: another");
  EXPECT_EQ(logged([&] {
              for (int i = 0; i < 100; ++i) {
                trouble.say("E6164: one");
                trouble.say("E6164: another");
              }
            }),
            "");
  EXPECT_EQ(trouble.text(), "E6164: another");
  const std::string many = logged([&] {
    for (int i = 0; i < 10'000; ++i) trouble.say(fmt::format("E6164: {}", i));
  });
  EXPECT_LT(std::ranges::count(many, '\n'), 100);
  trouble.over();
  EXPECT_THAT(logged([&] { trouble.say("E6164: one"); }), HasSubstr("E6164: one"));
}

}  // namespace
}  // namespace pelton::kafka
