// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/sandbox/sandbox_launch.h"
#include "tests/contract/temporary_folder.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

namespace pelton::worker::sandbox {

// Shells in a sandbox that has everything. Skips where the kernel refuses a part of it.
class Confined : public ::testing::Test {
 protected:
  void SetUp() override {
    function.isolation.level = config::Isolation::Level::standard;
    const auto outcome = probe(function, places);
    ASSERT_TRUE(outcome) << outcome.error().text();
    if (!outcome->missing.empty())
      GTEST_SKIP() << "the kernel refuses " << text_of_missing(*outcome);
    function.isolation.level = config::Isolation::Level::required;
  }

  Result<Child> launched(const std::vector<std::string>& command) {
    LaunchPlan plan;
    plan.command = command;
    plan.environment = {{"PATH", "/usr/bin:/bin"}};
    confine(plan, function, places);
    change(plan);
    return launch_confined(std::move(plan));
  }

  // What the script wrote, and how it ended.
  std::string said(const std::string& script) {
    auto child = launched({"/bin/sh", "-c", "exec 2>&1; " + script});
    if (!child) return child.error().text();
    std::string text;
    char piece[4096];
    pollfd wait{child->out.get(), POLLIN, 0};
    while (::poll(&wait, 1, 20'000) > 0) {
      const ssize_t count = ::read(child->out.get(), piece, sizeof piece);
      if (count <= 0) break;
      text.append(piece, static_cast<std::size_t>(count));
    }
    int status = 0;
    ::waitpid(child->pid, &status, 0);
    return text + ending_text(status);
  }
  bool succeeds(const std::string& script) { return said(script).ends_with("exit 0"); }

  test::TemporaryFolder folder;
  config::Function function;
  Places places{launcher_in(PELTON_TEST_SDKS), "", {}};
  std::function<void(LaunchPlan&)> change = [](LaunchPlan&) {};
};

}  // namespace pelton::worker::sandbox
