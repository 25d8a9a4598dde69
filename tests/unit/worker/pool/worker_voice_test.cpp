// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/worker_voice.h"

#include "engine/model/batch_builder.h"
#include "engine/worker/process/child_process.h"

#include <gmock/gmock.h>

namespace pelton::worker {
namespace {

using std::chrono::milliseconds;
using testing::IsEmpty;

// Says what it is told to have begun.
class ToldSession final : public Session {
 public:
  std::vector<Invocation> now;

  Status start(SessionEvents&, pid_t) override { return {}; }
  std::size_t room() const override { return 0; }
  void invoke(const model::Frame&) override {}
  bool cancel(const Invocation&) override { return false; }
  std::vector<Invocation> begun(std::chrono::steady_clock::time_point) override { return now; }
  bool hands_over_one_by_one() const override { return true; }
  void end_input() override {}
};

class Deaf final : public ProcessEvents {
  void wrote(bool, std::string_view) override {}
  void exited() override {}
};

class Voice : public testing::Test {
 protected:
  Voice() { function.name = "f"; }
  void give(std::uint64_t id, std::size_t events, bool watched = false) {
    model::BatchBuilder builder;
    for (std::size_t i = 0; i < events; ++i) builder.add(model::EventView{});
    model::Frame frame;
    frame.id = FrameId{id};
    frame.stream = "s";
    frame.base = 40;
    frame.batch = builder.finish();
    frame.watched = watched;
    in_flight.add(std::move(frame), 0);
  }
  std::string place_of_line() {
    voice.tell(WorkerLine::Stream::out, "x", &session);
    return places.back();
  }
  void answer(std::uint64_t frame, std::uint32_t first, std::uint32_t count, bool failed = false) {
    model::FrameResult result;
    result.first = first;
    result.count = count;
    if (failed) result.not_done.push_back({first, model::OutcomeCode::fail, "Oops", {}, {}, {}});
    voice.answered(FrameId{frame}, result, milliseconds(7), session, process);
  }

  boost::asio::io_context io;
  Deaf deaf;
  ChildProcess process{io, deaf};
  config::Function function;
  InFlight in_flight;
  ToldSession session;
  std::vector<std::string> places;
  std::vector<InvocationReport> reports;
  const LineListener lines = [this](const WorkerLine& line) {
    places.emplace_back(line.event.empty() ? line.invocation : line.event);
  };
  const ReportListener reported = [this](const InvocationReport& report) {
    reports.push_back(report);
  };
  const std::string name = "f-1";
  WorkerVoice voice{function, name, in_flight, lines, reported};
};

TEST_F(Voice, ALineBelongsToTheEventAtHand) {
  EXPECT_EQ(place_of_line(), "") << "it has none";
  give(1, 3);
  EXPECT_EQ(place_of_line(), "") << "one of three";
  session.now = {{FrameId{1}, 2, {}}};
  EXPECT_EQ(place_of_line(), "s/0/42");
  session.now = {{FrameId{1}, 0, {}, 3, "request"}};
  EXPECT_EQ(place_of_line(), "request") << "three in one call";
  session.now = {{FrameId{1}, 0, {}}, {FrameId{1}, 1, {}}};
  EXPECT_EQ(place_of_line(), "") << "two at once";
  session.now.clear();
  in_flight.cover(FrameId{1}, 2);
  EXPECT_EQ(place_of_line(), "s/0/42") << "only one is left";
}

TEST_F(Voice, AWatchedFrameHasAReport) {
  voice.ready(milliseconds(30), 5U << 20);
  give(1, 1);
  give(2, 1, true);
  answer(1, 0, 1);
  EXPECT_THAT(reports, IsEmpty());
  answer(2, 0, 1, true);
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].event, "s/0/40");
  EXPECT_EQ(reports[0].duration, milliseconds(7));
  EXPECT_EQ(reports[0].init, milliseconds(30));
  EXPECT_EQ(reports[0].peak_memory, 5U << 20);
  EXPECT_EQ(reports[0].status + reports[0].error_type, "errorOops");
}

TEST_F(Voice, EachInvocationOfADocumentHasOne) {
  function.takes_documents = true;
  give(1, 4);
  answer(1, 0, 1);
  EXPECT_THAT(reports, IsEmpty()) << "an event that was refused was no invocation";
  session.now = {{FrameId{1}, 1, {}, 3, "id"}};
  answer(1, 1, 3);
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].invocation, "id");
  EXPECT_EQ(reports[0].event, "");
  EXPECT_EQ(reports[0].status, "");
}

TEST_F(Voice, TheEndOfAWorkerIsOneOfAnInvocation) {
  give(1, 1, true);
  session.now = {{FrameId{1}, 0, {}}};
  voice.ended({"f-1", "engine", "", "", {}, {}}, milliseconds(9), session);
  EXPECT_THAT(reports, IsEmpty()) << "the engine's doing";
  voice.ended({"f-1", "timeout", "timeout after 1s", "", {}, {}}, milliseconds(9), session);
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].status, "timeout");
  EXPECT_EQ(reports[0].duration, milliseconds(9));
}

}  // namespace
}  // namespace pelton::worker
