// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/sandbox/system_calls.h"
#include "tests/unit/worker/sandbox/confined.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace pelton::worker::sandbox {
namespace {

TEST_F(Confined, EndsAsItsProgramDoes) {
  EXPECT_EQ(said("exit 7"), "exit 7");
  EXPECT_EQ(said("kill -9 $$"), "signal 9") << "it is not the first process of its namespace";
  EXPECT_EQ(said("kill -6 $$"), "signal 6");
}

TEST_F(Confined, IsAloneWithItsChildren) {
  EXPECT_EQ(said("echo $$ $PPID; set -- /proc/[0-9]*; echo $#"), "2 0\n2\nexit 0");
}

TEST_F(Confined, WhatItLeavesEndsWithIt) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd ours(ends[0]);
  change = [&](LaunchPlan& plan) { plan.descriptors.emplace_back(ends[1]); };
  EXPECT_EQ(said("setsid sleep 600 >/dev/null & exit 0"), "exit 0");
  pollfd wait{ours.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&wait, 1, 20'000), 1) << "the sleep still has the other end";
  char nothing;
  EXPECT_EQ(::read(ours.get(), &nothing, 1), 0);
}

TEST_F(Confined, TheProgramThatCannotBeRunIsNamed) {
  const auto missing = launched({"/no/such/program"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "E3001");
  change = [](LaunchPlan& plan) {
    std::erase_if(plan.sandbox->rules, [](const auto& rule) { return rule.first == Rule::read; });
  };
  const auto refused = launched({"/bin/sh", "-c", "true"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E3001");
  EXPECT_NE(refused.error().message.find("Permission denied"), std::string::npos)
      << refused.error().text();
}

TEST_F(Confined, AMissingLauncherIsAnErrorOfItsOwn) {
  places.launcher = "/no/such/launcher";
  const auto missing = launched({"/bin/sh", "-c", "true"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "E7314");
}

TEST_F(Confined, ALauncherThatSaysNothingIsAnErrorOfItsOwn) {
  places.launcher = "/bin/true";
  const auto silent = launched({"/bin/sh", "-c", "true"});
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, "E7314");
}

TEST_F(Confined, TooManyPathsAreAnError) {
  change = [](LaunchPlan& plan) {
    plan.sandbox->rules.resize(kMostRules + 1, {Rule::read, "/usr"});
  };
  const auto refused = launched({"/bin/sh", "-c", "true"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E7314");
}

TEST(SystemCalls, AreFilteredByAProgramThatTheKernelTakes) {
  for (const bool among_others : {false, true}) {
    EXPECT_GT(denied_system_calls(among_others).size(), 50U);
    EXPECT_LT(denied_system_calls(among_others).size(), 4096U) << "BPF_MAXINSNS";
  }
}

TEST(OutcomeOfAReport, NamesPartsAndReasons) {
  Report report;
  report.parts[0].state = State::active;
  report.parts[4].state = State::refused;
  report.parts[4].error = EPERM;
  std::strcpy(report.parts[4].step, "network namespace");
  const Outcome outcome = outcome_of(report);
  EXPECT_EQ(outcome.active, (std::vector<std::string>{"files"}));
  EXPECT_EQ(text_of_missing(outcome), "network (network namespace: Operation not permitted)");
}

}  // namespace
}  // namespace pelton::worker::sandbox
