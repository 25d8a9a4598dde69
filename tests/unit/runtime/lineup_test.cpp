// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/lineup.h"

#include <gtest/gtest.h>

namespace pelton::runtime {
namespace {

using Names = std::set<std::string>;

class LineupTest : public ::testing::Test {
 protected:
  LineupTest() {
    before.functions = {function("f"), function("g"), function("unused")};
    before.bindings = {binding("a", "f"), binding("b", "f"), binding("c", "g")};
    before.streams.emplace_back().name = "s";
    after = before;
  }
  static config::Function function(const std::string& name) {
    config::Function function;
    function.name = name;
    return function;
  }
  static config::Binding binding(const std::string& name, const std::string& function) {
    config::Binding binding = config::default_binding(name);
    binding.from = "s";
    binding.function = function;
    return binding;
  }
  Changeover change() const { return changeover(before, after, config::plan(before, after, {})); }

  config::Config before, after;
};

TEST_F(LineupTest, NothingStopsWithoutAChange) {
  EXPECT_EQ(change().stop, Lineup{});
  EXPECT_EQ(change().start, Lineup{});
}

TEST_F(LineupTest, ABindingStopsAlone) {
  after.bindings[0].delivery.retry.attempts = 9;
  EXPECT_EQ(change().stop, (Lineup{{}, {"a"}, {}, {}}));
  EXPECT_EQ(change().start, (Lineup{{}, {"a"}, {}, {}}));
}

TEST_F(LineupTest, AFunctionTakesItsBindingsWithIt) {
  after.functions[0].timeout = std::chrono::seconds(7);
  EXPECT_EQ(change().stop, (Lineup{{"f"}, {"a", "b"}, {}, {}}));
  EXPECT_EQ(change().start, (Lineup{{"f"}, {"a", "b"}, {}, {}}));
}

// An operator may call it.
TEST_F(LineupTest, AFunctionRunsAlsoIfNothingUsesIt) {
  EXPECT_EQ(everything(before).functions, (Names{"f", "g", "unused"}));
  after.bindings[2].function = "unused";
  EXPECT_EQ(change().stop, (Lineup{{}, {"c"}, {}, {}}));
  EXPECT_EQ(change().start, (Lineup{{}, {"c"}, {}, {}}));
  after.functions.pop_back();
  after.bindings.pop_back();
  EXPECT_EQ(change().stop, (Lineup{{"unused"}, {"c"}, {}, {}}));
}

TEST_F(LineupTest, AConnectorMayTurnRound) {
  config::Connector connector;
  connector.name = "files";
  connector.stream = "s";
  before.connectors = {connector};
  connector.direction = config::Direction::sink;
  after.connectors = {connector};
  EXPECT_EQ(change().stop, (Lineup{{}, {}, {}, {"files"}}));
  EXPECT_EQ(change().start, (Lineup{{}, {}, {"files"}, {}}));
}

}  // namespace
}  // namespace pelton::runtime
