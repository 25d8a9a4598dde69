// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/reloader.h"

#include "tests/unit/runtime/engine_parts.h"

namespace pelton::runtime {
namespace {

// An engine whose config file is `file`.
class ReloaderTest : public EngineParts {
 protected:
  void SetUp() override {
    file = config;
    reloader = std::make_unique<Reloader>(
        Reloader::Setup{*assembly,
                        [this](const std::vector<std::filesystem::path>& files) {
                          ++begun;
                          std::unique_lock lock(mutex);
                          asked = files;
                          ++reads;
                          return config::Loaded{file, problems};
                        },
                        [this](const config::Engine&) { ++applied; },
                        [this](const Error& error) { broke = error; }, clock},
        config);
    ASSERT_TRUE(reloader->begin());
    shard->start();
    reloader->start();
  }
  void TearDown() override { reloader.reset(); }

  config::Review reload() {
    std::promise<config::Review> answer;
    reloader->reload([&](const config::Review& review) { answer.set_value(review); });
    return answer.get_future().get();
  }
  config::Review plan(std::vector<std::filesystem::path> files = {}) {
    std::promise<config::Review> answer;
    reloader->plan(std::move(files),
                   [&](const config::Review& review) { answer.set_value(review); });
    return answer.get_future().get();
  }

  std::mutex mutex;
  std::optional<config::Config> file;
  std::vector<config::Diagnostic> problems;
  std::vector<std::filesystem::path> asked;
  int reads = 0;
  std::atomic<int> begun{0};
  std::atomic<int> applied{0};
  std::optional<Error> broke;
  std::unique_ptr<Reloader> reloader;
};

TEST_F(ReloaderTest, WhatHasNotChangedIsNotApplied) {
  EXPECT_EQ(reload().outcome, "unchanged");
  const auto status = reloader->status();
  EXPECT_EQ(status.generation, 1U);
  EXPECT_EQ(status.reloads_ok, 1U);
  EXPECT_EQ(status.last_error, "");
}

TEST_F(ReloaderTest, AChangeIsInServiceWhenItIsAnswered) {
  file->bindings[0].delivery.retry.attempts = 9;
  const auto review = reload();
  EXPECT_EQ(review.outcome, "applied") << review.error;
  EXPECT_EQ(review.plan.changes.size(), 1U);
  EXPECT_EQ(attempts("b"), 9U);
  EXPECT_EQ(applied, 1) << "the engine's own options, too";
  EXPECT_EQ(reloader->status().generation, 2U);
  EXPECT_EQ(reload().outcome, "unchanged") << "it is the config now";
}

TEST_F(ReloaderTest, APlanChangesNothing) {
  file->bindings[0].delivery.retry.attempts = 9;
  EXPECT_EQ(plan({"/elsewhere/other.yaml"}).outcome, "changes");
  EXPECT_EQ(asked, std::vector<std::filesystem::path>{"/elsewhere/other.yaml"});
  EXPECT_EQ(attempts("b"), 5U);
  EXPECT_EQ(reloader->status().reloads_ok, 0U);
}

TEST_F(ReloaderTest, AFileWithErrorsIsRefusedAndTheOldConfigStays) {
  file.reset();
  problems.push_back({{3, 5}, "E1005", "unknown key"});
  const auto review = reload();
  EXPECT_EQ(review.outcome, "invalid");
  EXPECT_EQ(review.problems.size(), 1U);
  EXPECT_EQ(attempts("b"), 5U);
  const auto status = reloader->status();
  EXPECT_EQ(status.reloads_failed, 1U);
  EXPECT_NE(status.last_error.find("E1005"), std::string::npos);
  EXPECT_EQ(status.generation, 1U);
}

TEST_F(ReloaderTest, AChangeThatNeedsARestartRefusesAll) {
  file->engine.data = folder.path() / "elsewhere";
  file->bindings[0].delivery.retry.attempts = 9;
  EXPECT_EQ(reload().outcome, "refused");
  EXPECT_EQ(attempts("b"), 5U);
  EXPECT_NE(reloader->status().last_error.find("E5012"), std::string::npos);
}

TEST_F(ReloaderTest, WhatCannotBePutInServiceFailsAndTheNextReloadMayWork) {
  file->functions[0].timeout = std::chrono::seconds(7);  // new workers have to prove themselves
  const auto review = reload();
  EXPECT_EQ(review.outcome, "failed");
  EXPECT_NE(review.error.find("E3001"), std::string::npos);
  EXPECT_FALSE(broke);
  EXPECT_EQ(attempts("b"), 5U);
  file = config;
  EXPECT_EQ(reload().outcome, "unchanged");
  EXPECT_EQ(reloader->status().last_error, "") << "the last one worked";
}

TEST_F(ReloaderTest, ReloadsThatWaitTogetherAreOne) {
  std::vector<std::promise<std::string>> answers(3);
  {
    // The reload thread is held up while they are asked for.
    std::lock_guard lock(mutex);
    reloader->reload([](const config::Review&) {});
    ASSERT_TRUE(until([this] { return begun == 1; }));
    for (auto& answer : answers)
      reloader->reload(
          [&answer](const config::Review& review) { answer.set_value(review.outcome); });
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get_future().get(), "unchanged");
  std::lock_guard lock(mutex);
  EXPECT_EQ(reads, 2) << "one for the first, one for all that waited behind it";
}

TEST_F(ReloaderTest, AReloadUnderWayHoldsUpNoPlan) {
  // Its new worker neither becomes ready nor ends.
  const auto script = folder.path() / "sleeps";
  test::write_file(script, "#!/bin/sh\nexec sleep 600\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  file->functions[0].settings = worker::native::CppOptions{script.string()};
  std::promise<std::string> outcome;
  reloader->reload([&](const config::Review& review) { outcome.set_value(review.outcome); });
  ASSERT_TRUE(until([this] { return begun == 1; }));
  EXPECT_EQ(plan().outcome, "changes");
  std::promise<void> finished;
  reloader->finish([&] { finished.set_value(); });
  finished.get_future().wait();
  EXPECT_EQ(outcome.get_future().get(), "failed");
}

TEST_F(ReloaderTest, NothingIsAppliedOnceTheEngineEnds) {
  std::promise<void> finished;
  reloader->finish([&] { finished.set_value(); });
  finished.get_future().wait();
  file->bindings[0].delivery.retry.attempts = 9;
  const auto review = reload();
  EXPECT_EQ(review.outcome, "failed");
  EXPECT_EQ(review.error, "the engine is stopping");
  EXPECT_EQ(attempts("b"), 5U);
}

}  // namespace
}  // namespace pelton::runtime
