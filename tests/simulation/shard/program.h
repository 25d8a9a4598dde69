// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch_builder.h"
#include "engine/worker/pool/session.h"
#include "tests/simulation/shard/machine.h"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pelton::simulation {

// What runs in a worker's process: the SDK's loop and the handler. Takes up to two frames, handles
// their events one after the other and answers them in parts. What it does of itself comes from the
// scheduler, and not any more once it has ended.
class Program : public std::enable_shared_from_this<Program> {
 public:
  Program(Machine& machine, int pid);

  int pid() const { return pid_; }

  // ---- the process
  // `ended`: how it ended, once, and the last that is heard of it.
  void run(std::function<void(std::string ending)> ended);
  // SIGKILL, which takes effect in a moment.
  void kill();
  // Its end, now.
  void end(std::string ending);

  // ---- the connection
  void connect(worker::SessionEvents& engine);
  void disconnect();
  std::size_t room() const;
  void invoke(const model::Frame& frame);
  std::vector<worker::Invocation> begun() const;
  std::vector<worker::Tail> take_back(std::chrono::steady_clock::time_point now,
                                      std::chrono::nanoseconds patience);
  void end_input();

  // ---- for checks
  // It has neither been killed nor told to end.
  bool wanted() const { return !killed_ && !input_ended_ && !ended_; }
  // It is ended for that: an event has had the time.
  void times_out(Duration timeout) const;
  // Since when it is at an event, by a clock that does not run while everything stands still.
  std::optional<WallTime> at_work_since() const;

 private:
  using Steady = std::chrono::steady_clock::time_point;
  struct Work {
    model::Frame frame;
    std::uint32_t next = 0;      // event to be begun, or under way
    std::uint32_t end = 0;       // of the events that are not given back
    std::uint32_t answered = 0;  // events before that one are
    model::FrameResult result;   // of those from `answered` to `next`
    model::BatchBuilder outputs;
    std::set<std::string> held;  // keys of which an event failed
    bool all_held = false;
  };

  struct Answer {
    FrameId frame;
    model::FrameResult result;
    std::vector<std::pair<std::uint64_t, bool>> outcomes;  // number of an event, and whether done
  };

  void after(Duration delay, void (Program::*then)());
  void start();
  void goes_on();
  void begin_event();
  void handled();
  bool skips(const Work& work, std::uint32_t i) const;
  std::optional<model::Failure> outcome(const Work& work);
  void add_outputs(Work& work);
  void answer(bool whole_frame);
  void send(Answer&& answer);
  std::vector<std::pair<std::uint64_t, bool>> outcomes(const Work& work,
                                                       const model::FrameResult& result) const;
  void lie();
  void suspect(const Work& work) const;
  void rest();
  std::uint64_t number(const Work& work, std::uint32_t i) const;
  const Task& task(const Work& work) const;
  Dice& dice() const { return machine_.world().dice; }
  bool chance(double p) const { return dice().chance(p); }

  Machine& machine_;
  const int pid_;
  std::function<void(std::string)> told_end_;
  worker::SessionEvents* engine_ = nullptr;
  std::deque<Work> works_;
  std::optional<Answer> last_words_;  // sent before it ended, and read after that
  std::optional<Steady> since_;       // it is at an event
  WallTime since_really_{};
  bool ready_ = false;
  bool asked_back_ = false;  // once; the answer comes with the next question
  bool gave_back_ = false;   // and has not moved on since
  bool input_ended_ = false;
  bool lied_ = false;
  bool killed_ = false;
  bool ended_ = false;
  bool blind_ = false;  // leaves no word of what it has begun
  bool stays_ = false;  // does not end when it is told to
};

}  // namespace pelton::simulation
