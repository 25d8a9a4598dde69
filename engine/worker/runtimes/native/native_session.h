// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/runtime_spec.h"
#include "engine/worker/runtimes/native/codec.h"
#include "engine/worker/runtimes/native/connection.h"
#include "engine/worker/runtimes/native/progress_page.h"

#include <deque>
#include <optional>
#include <string>
#include <vector>

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
  std::vector<Tail> take_back(std::chrono::steady_clock::time_point now,
                              std::chrono::nanoseconds patience) override;
  void end_input() override { connection_.close_output(); }

 private:
  enum class Phase { starting, ready, failed };
  using Time = std::chrono::steady_clock::time_point;
  struct Taken {
    FrameId id;
    std::uint32_t events = 0;
    std::uint32_t answered = 0;
    // Asked for from there on, with this limit of the page, while that event was at hand.
    struct Asked {
      std::uint32_t first = 0;
      std::size_t limit = 0;
      Time when{};
    };
    std::optional<Asked> asked;
    bool cut = false;  // and given up by the process: `events` ends there
  };
  // A slot of the page, and since when it shows what it shows.
  struct Slot {
    ProgressPage::Seen seen;
    Time since{};
  };
  void look(Time now);
  void ask(Taken& taken, std::uint32_t first, Time now);
  static Tail cut(Taken& taken);
  std::size_t free_limit() const;
  void finish(std::deque<Taken>::iterator taken);
  Status on_frame(std::string_view bytes);
  Status on_answer(codec::Answer&& answer);
  Status on_start(codec::FromWorker&& message);

  const std::string start_;  // the Start message
  UniqueFd socket_;
  Connection connection_;
  ProgressPage page_;
  SessionEvents* events_ = nullptr;
  Phase phase_ = Phase::starting;
  bool gives_back_ = false;
  std::deque<Taken> taken_;
  std::vector<Slot> slots_;
  Time looked_{};
};

}  // namespace pelton::worker::native
