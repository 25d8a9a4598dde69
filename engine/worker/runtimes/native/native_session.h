// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/runtime_spec.h"
#include "engine/worker/runtimes/native/codec.h"
#include "engine/worker/runtimes/native/connection.h"
#include "engine/worker/runtimes/native/progress_page.h"

#include <string>

namespace pelton::worker::native {

// Speaks proto/pelton/v1/worker.proto with one process. It takes two frames at a time, so that it
// never waits for a round trip, and runs one invocation at a time.
class NativeSession final : public Session {
 public:
  static constexpr std::size_t kFrames = 2;

  NativeSession(const WorkerSetup& setup, const codec::Handler& handler);

  // The worker's ends of the connection, and the variables that name them to it. Before start().
  // E3001.
  Status open(LaunchPlan& plan);

  Status start(SessionEvents& events, pid_t process) override;
  std::size_t room() const override;
  void invoke(const model::Frame& frame) override;
  bool cancel(const Invocation&) override { return false; }
  std::vector<Invocation> begun(std::chrono::steady_clock::time_point now) override;
  bool hands_over_one_by_one() const override { return false; }
  void end_input() override { connection_.close_output(); }

 private:
  enum class Phase { starting, ready, failed };
  struct Taken {
    FrameId id;
    std::uint32_t open = 0;  // events without an answer
  };
  Status on_frame(std::string_view bytes);
  Status on_answer(codec::Answer&& answer);
  Status on_start(codec::FromWorker&& message);

  const std::string start_;  // the Start message
  UniqueFd socket_;
  Connection connection_;
  ProgressPage page_;
  SessionEvents* events_ = nullptr;
  Phase phase_ = Phase::starting;
  std::deque<Taken> taken_;
  ProgressPage::Seen seen_;
  std::chrono::steady_clock::time_point seen_since_{};
};

}  // namespace pelton::worker::native
