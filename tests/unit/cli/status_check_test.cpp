// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/status_check.h"

#include <gmock/gmock.h>

namespace pelton::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

json::object status(const char* text) {
  return *parse_object(text);
}

TEST(StatusCheck, AReadyEngineHasNoReasons) {
  EXPECT_THAT(reasons_not_ready(status(R"({"ready":true,"not_ready":[],"bindings":[
                  {"name":"a","stopped":""},{"name":"b"}]})")),
              IsEmpty());
}

TEST(StatusCheck, EveryReasonIsNamed) {
  EXPECT_THAT(reasons_not_ready(status(R"({"ready":false,"not_ready":["disk is full"],"bindings":[
                  {"name":"a","stopped":"E4301 gap"}]})")),
              ElementsAre("disk is full", "a has stopped: E4301 gap"));
  EXPECT_THAT(
      reasons_not_ready(status(R"({"ready":true,"bindings":[{"name":"a","stopped":"x"}]})")),
      ElementsAre("a has stopped: x"));
  EXPECT_THAT(reasons_not_ready(status("{}")), ElementsAre("the engine is not ready"));
}

constexpr const char* kTwo = R"({"bindings":[
    {"name":"done","partitions":[{"lag_events":0},{"lag_events":0}]},
    {"name":"busy","partitions":[{"lag_events":2},{"lag_events":1200}]},
    {"name":"new","partitions":[]},
    {"name":"away","trouble":"E6101: no broker","partitions":[{"lag_events":0}]},
    {"name":"halted","stopped":"E4001 damage","partitions":[{"lag_events":0}]}]})";

TEST(StatusCheck, AFunctionThatCannotStartWorkersIsAReason) {
  EXPECT_THAT(reasons_not_ready(status(R"({"ready":true,"functions":[
                  {"name":"f","start_error":""},
                  {"name":"g","start_error":"E3001: SyntaxError\nand its lines"}]})")),
              ElementsAre("function g cannot start a worker: E3001: SyntaxError"));
}

TEST(StatusCheck, SettledIsNoLagOnAnyPartition) {
  EXPECT_THAT(*reasons_not_settled(status(kTwo), {"done"}), IsEmpty());
  EXPECT_THAT(*reasons_not_settled(status(kTwo), {"done", "busy"}),
              ElementsAre("busy has a lag of 1,202"));
  EXPECT_THAT(*reasons_not_settled(status(kTwo), {"new"}), ElementsAre("new has no partition yet"));
  EXPECT_THAT(*reasons_not_settled(status(kTwo), {"away"}), ElementsAre("away: E6101: no broker"))
      << "a lag that nobody knows any more";
}

TEST(StatusCheck, WhatNeverSettlesIsAnError) {
  EXPECT_EQ(reasons_not_settled(status(kTwo), {"nobody"}).error().code, "E5001");
  const auto halted = reasons_not_settled(status(kTwo), {"halted"});
  ASSERT_FALSE(halted);
  EXPECT_EQ(halted.error().code, "E5021");
  EXPECT_THAT(halted.error().message, HasSubstr("damage"));
}

}  // namespace
}  // namespace pelton::cli
