// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/sandbox/policy.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace pelton::worker::sandbox {
namespace {

namespace fs = std::filesystem;

class Policy : public ::testing::Test {
 protected:
  Policy() {
    fs::create_directories(folder / "code");
    function.isolation.level = config::Isolation::Level::standard;
    function.files = {{"code", folder / "code"}};
    places = {"/packages/pelton-sandbox", folder / "data", {folder / "inbox"}};
    fs::create_directories(folder / "data");
    fs::create_directories(folder / "inbox");
  }
  ~Policy() override { fs::remove_all(folder); }

  LaunchPlan confined(const std::string& program = "/bin/sh") {
    LaunchPlan plan;
    plan.command = {program};
    plan.environment = {{"TMPDIR", "/somewhere"}};
    confine(plan, function, places);
    return plan;
  }
  static bool has(const LaunchPlan& plan, Rule rule, const fs::path& path) {
    return std::ranges::find(plan.sandbox->rules, std::pair(rule, path.string())) !=
           plan.sandbox->rules.end();
  }
  void program(const fs::path& path) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "#!/bin/sh\n";
    fs::permissions(path, fs::perms::owner_all);
  }

  const fs::path folder =
      fs::canonical(fs::temp_directory_path()) / ("pelton-policy-" + std::to_string(::getpid()));
  config::Function function;
  Places places;
};

TEST_F(Policy, WithoutIsolationOnlyLimits) {
  function.isolation.level = config::Isolation::Level::none;
  function.open_files = 99;
  function.nice = 3;
  const LaunchPlan plan = confined();
  EXPECT_FALSE(plan.sandbox);
  EXPECT_EQ(plan.open_files, 99U);
  EXPECT_EQ(plan.nice, 3);
  EXPECT_TRUE(plan.environment.contains("TMPDIR"));
}

TEST_F(Policy, CodeIsReadAndTheDataFolderHidden) {
  const LaunchPlan plan = confined();
  EXPECT_TRUE(has(plan, Rule::read, folder / "code"));
  EXPECT_TRUE(has(plan, Rule::read, folder / "inbox")) << "events name files there";
  EXPECT_TRUE(has(plan, Rule::hidden, folder / "data"));
  EXPECT_TRUE(has(plan, Rule::temporary, "/tmp"));
  EXPECT_TRUE(std::ranges::none_of(plan.sandbox->rules,
                                   [](const auto& rule) { return rule.first == Rule::write; }));
}

TEST_F(Policy, NothingOfTheSystemHasSecrets) {
  const LaunchPlan plan = confined();
  for (const auto& [rule, path] : plan.sandbox->rules)
    for (const char* secret : {"/", "/etc", "/etc/ssl", "/etc/ssl/private", "/root", "/home",
                               "/var", "/run", "/etc/shadow"})
      EXPECT_TRUE(path != secret || rule == Rule::hidden) << path;
}

TEST_F(Policy, TemporaryFilesAreWhereItsOwnFolderIs) {
  EXPECT_FALSE(confined().environment.contains("TMPDIR"));
  function.environment["TMPDIR"] = "/mine";
  EXPECT_TRUE(confined().environment.contains("TMPDIR"));
}

TEST_F(Policy, AShimHasWhatItLooksFor) {
  program(folder / ".pyenv/shims/python3");
  EXPECT_TRUE(
      has(confined((folder / ".pyenv/shims/python3").string()), Rule::read, folder / ".pyenv"));
}

TEST_F(Policy, AnInterpreterHasItsInstallation) {
  program(folder / "venv/bin/python3");
  std::ofstream(folder / "venv/pyvenv.cfg") << "\n";
  EXPECT_TRUE(has(confined((folder / "venv/bin/python3").string()), Rule::read, folder / "venv"));
}

TEST_F(Policy, AnExecutableThatIsTheCodeHasOnlyItself) {
  program(folder / "built/bin/function");
  fs::create_directories(folder / "built/lib");
  function.files = {{"code", folder / "built/bin/function"}};
  const LaunchPlan plan = confined((folder / "built/bin/function").string());
  EXPECT_TRUE(has(plan, Rule::read, folder / "built/bin/function"));
  EXPECT_FALSE(has(plan, Rule::read, folder / "built")) << "other functions may be there";
}

TEST_F(Policy, AProgramBesideOthersHasOnlyItself) {
  program(folder / "home/bin/tool");
  EXPECT_FALSE(has(confined((folder / "home/bin/tool").string()), Rule::read, folder / "home"));
}

TEST_F(Policy, ALinkStandsForItsTarget) {
  fs::create_directory_symlink(folder / "code", folder / "current");
  function.files = {{"code", folder / "current"}};
  EXPECT_TRUE(has(confined(), Rule::read, folder / "code"));
}

TEST_F(Policy, AZygoteWritesWhatItLearnsAndCountsForAllItsCopies) {
  function.processes = 4;
  function.scale.max = 3;
  LaunchPlan plan;
  plan.command = {"/bin/sh"};
  confine_zygote(plan, function, places, folder / "data/functions/f");
  EXPECT_TRUE(plan.sandbox->stays);
  EXPECT_TRUE(has(plan, Rule::own, folder / "data/functions/f")) << "and its copies do not";
  EXPECT_TRUE(has(plan, Rule::kept, folder / "data/functions/f/bytecode"));
  EXPECT_TRUE(has(plan, Rule::read, places.launcher)) << "which ends what a copy leaves";
  EXPECT_EQ(plan.sandbox->processes, 21U);
}

}  // namespace
}  // namespace pelton::worker::sandbox
