// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/event_rereads.h"

#include "engine/model/batch_builder.h"
#include "engine/observe/log.h"

#include <gmock/gmock.h>

namespace pelton::runtime {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

constexpr PartitionId kP{0};
constexpr WorkerId kWorker{1};

// A dispatcher that drops parked events of 100 bytes and more, and one event of 200 that failed.
struct Rereads : ::testing::Test {
  Rereads() {
    options.id = BindingId{1};
    options.binding = "b";
    options.stream = "s";
    options.release_from = 100;
    dispatcher = std::make_unique<dispatch::Dispatcher>(options);
    dispatcher->assign(kP, {});
    model::BatchBuilder builder;
    model::EventView event;
    const std::string data(200, 'x');
    event.data = data;
    event.has_data = true;
    builder.add(event);
    stored = builder.finish();
  }
  void park() {
    dispatcher->offer(kP, 0, stored, now, commits);
    const auto frame = dispatcher->pull(kWorker, {10, 1U << 20}, now, commits);
    ASSERT_TRUE(frame);
    model::FrameResult result;
    result.count = 1;
    result.not_done.emplace_back().code = model::OutcomeCode::retry;
    ASSERT_TRUE(dispatcher->finished(kWorker, frame->id, std::move(result), now, commits));
    for (const dispatch::Commit& commit : commits) dispatcher->committed(commit.token);
    commits.clear();
    now += 1h;
    dispatcher->on_timer(now, commits);
    EXPECT_FALSE(dispatcher->pull(kWorker, {10, 1U << 20}, now, commits)) << "it is not here";
  }
  EventRereads rereads() {
    return {*dispatcher,
            [this](PartitionId, Offset offset, auto answer) {
              asked.push_back(offset);
              answers.push_back(std::move(answer));
            },
            [this](const dispatch::Reread& which, const model::PlacedBatch* read) {
              dispatcher->again(which, read == nullptr ? 0 : read->base,
                                read == nullptr ? nullptr : read->batch, now, commits);
            }};
  }

  WallTime now{1000h};
  dispatch::DispatcherOptions options;
  std::unique_ptr<dispatch::Dispatcher> dispatcher;
  dispatch::Commits commits;
  model::BatchPtr stored;
  std::vector<Offset> asked;
  std::vector<std::function<void(std::optional<model::PlacedBatch>)>> answers;
};

TEST_F(Rereads, NothingIsAskedForThatIsNotWanted) {
  auto reads = rereads();
  reads.ask();
  EXPECT_THAT(asked, IsEmpty());
}

TEST_F(Rereads, WhatIsReadIsDeliveredAgain) {
  park();
  auto reads = rereads();
  reads.ask();
  ASSERT_EQ(asked, std::vector<Offset>{0});
  reads.ask();
  EXPECT_EQ(asked.size(), 1U) << "once";
  answers.front()(model::PlacedBatch{{StreamId{1}, kP}, 0, stored});
  const auto frame = dispatcher->pull(kWorker, {10, 1U << 20}, now, commits);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->batch->data(0).size(), 200U);
}

TEST_F(Rereads, AnEventThatRetentionTookIsLogged) {
  park();
  auto reads = rereads();
  reads.ask();
  ASSERT_EQ(answers.size(), 1U);
  observe::log::configure(observe::log::Level::info, observe::log::Format::pretty, false);
  testing::internal::CaptureStderr();
  answers.front()(std::nullopt);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("E4111"));
  EXPECT_FALSE(dispatcher->pull(kWorker, {10, 1U << 20}, now, commits));
}

}  // namespace
}  // namespace pelton::runtime
