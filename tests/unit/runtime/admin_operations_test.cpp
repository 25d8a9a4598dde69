// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/admin_operations.h"

#include "engine/runtime/operator_pause.h"
#include "engine/runtime/reloader.h"
#include "tests/unit/runtime/engine_parts.h"

#include <gmock/gmock.h>

namespace pelton::runtime {
namespace {

using ::testing::HasSubstr;
using Outcome = http::ConfigReview::Outcome;
using Kept = http::Operations::Kept;

// What an operator asks of an engine with binding "b", function "f" and stream "s".
class Operating : public EngineParts {
 protected:
  void SetUp() override {
    file = config;
    reloader = std::make_unique<Reloader>(
        Reloader::Setup{*assembly,
                        [this](const std::vector<std::filesystem::path>&) {
                          return config::Loaded{file, problems};
                        },
                        [](const config::Engine&) {}, [](const Error&) {}, clock},
        config);
    ASSERT_TRUE(reloader->begin());
    shard->start();
    reloader->start();
    operations = std::make_unique<AdminOperations>(
        *store, *shard, *reloader, [](observe::StatusReport& report) { report.state = "running"; });
  }
  void TearDown() override { reloader.reset(); }

  template <typename T, typename Ask>
  static Result<T> wait(Ask ask) {
    std::promise<Result<T>> answer;
    ask(Answer<T>([&](Result<T> result) { answer.set_value(std::move(result)); }));
    return answer.get_future().get();
  }
  Result<http::Forgotten> forget(Kept what, const std::string& name) {
    return wait<http::Forgotten>(
        [&](auto answer) { operations->forget(what, name, std::move(answer)); });
  }
  http::ConfigReview plan() {
    return *wait<http::ConfigReview>([&](auto answer) { operations->plan({}, std::move(answer)); });
  }

  std::optional<config::Config> file;
  std::vector<config::Diagnostic> problems;
  std::unique_ptr<Reloader> reloader;
  std::unique_ptr<AdminOperations> operations;
};

TEST_F(Operating, StatusIsFilledOnTheShard) {
  const auto status =
      wait<observe::StatusReport>([&](auto answer) { operations->status(std::move(answer)); });
  ASSERT_TRUE(status);
  EXPECT_EQ(status->state, "running");
}

TEST_F(Operating, WhatIsNotConfiguredIsNotFound) {
  const auto restarted =
      wait<std::uint64_t>([&](auto answer) { operations->restart("g", std::move(answer)); });
  ASSERT_FALSE(restarted);
  EXPECT_EQ(restarted.error().code, "E5001");
  http::SeekRequest request;
  request.binding = "c";
  const auto sought =
      wait<http::SeekOutcome>([&](auto answer) { operations->seek(request, std::move(answer)); });
  ASSERT_FALSE(sought);
  EXPECT_EQ(sought.error().code, "E5001");
}

TEST_F(Operating, AFunctionWithoutWorkersIsRestartedAtOnce) {
  EXPECT_EQ(wait<std::uint64_t>([&](auto answer) { operations->restart("f", std::move(answer)); }),
            0U);
}

TEST_F(Operating, APauseIsRememberedAndEndsWithAResume) {
  const auto pause = [&](const std::string& name, bool on) {
    return wait<void>([&](auto answer) { operations->pause(name, on, std::move(answer)); });
  };
  EXPECT_EQ(pause("c", true).error().code, "E5001");
  ASSERT_TRUE(pause("b", true));
  EXPECT_EQ(is_paused(*store, "b"), true);
  ASSERT_TRUE(pause("b", false));
  EXPECT_EQ(is_paused(*store, "b"), false);
}

TEST_F(Operating, WhatIsConfiguredIsNotForgotten) {
  EXPECT_EQ(forget(Kept::stream, "s").error().code, "E4110");
  EXPECT_EQ(forget(Kept::stream, "other").error().code, "E4109");
  EXPECT_EQ(forget(Kept::binding, "other").error().code, "E4109");
}

TEST_F(Operating, ASinkIsForgottenByItsOwnName) {
  ASSERT_TRUE(store->binding_id(stored_sink_name("gone")));
  EXPECT_EQ(forget(Kept::binding, "gone"), http::Forgotten::everything);
  EXPECT_EQ(forget(Kept::binding, "gone").error().code, "E4109");
}

TEST_F(Operating, OfWhatIsConfiguredTheStateStays) {
  EXPECT_EQ(forget(Kept::binding, "b"), http::Forgotten::progress_elsewhere);
}

TEST_F(Operating, AReviewSaysWhatItMeansForTheCommand) {
  EXPECT_EQ(plan().outcome, Outcome::fine);
  file->engine.data = folder.path() / "elsewhere";
  EXPECT_EQ(plan().outcome, Outcome::refused);
  file.reset();
  problems.push_back({{3, 5}, "E1005", "unknown key"});
  const auto review = plan();
  EXPECT_EQ(review.outcome, Outcome::invalid);
  EXPECT_THAT(review.json, HasSubstr("\"E1005\""));
  const auto reloaded =
      wait<http::ConfigReview>([&](auto answer) { operations->reload(std::move(answer)); });
  ASSERT_TRUE(reloaded);
  EXPECT_EQ(reloaded->outcome, Outcome::invalid);
}

}  // namespace
}  // namespace pelton::runtime
