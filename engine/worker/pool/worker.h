// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/thread/timer.h"
#include "engine/worker/pool/in_flight.h"
#include "engine/worker/pool/pace.h"
#include "engine/worker/pool/runtime_spec.h"
#include "engine/worker/pool/worker_pool.h"
#include "engine/worker/pool/worker_start.h"
#include "engine/worker/pool/worker_voice.h"
#include "engine/worker/process/process.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::worker {

class Worker;

// Value. What one result took off a worker's frames.
struct Step {
  std::uint32_t events = 0;
  std::uint32_t failed = 0;  // of these
  bool whole = false;        // the last of a frame was among them
  // Since the result before it, or since the worker had something to do.
  std::chrono::nanoseconds took{};
};

// Value. Since the worker was started; since it answered last, or got something to do.
struct WorkerTimes {
  std::chrono::steady_clock::duration age, at_work;
};

// Value. What became of a worker.
struct WorkerEnd {
  // Why it could not serve, with its stack; empty: it could, or never said.
  std::string start_error{};
  // What the operator can do about an end before it was ready; empty: that is not known.
  std::string advice{};
  // Why it ended, and which event is to blame, or which frame when that is not known. Nobody is
  // blamed for a crash with several begun.
  model::WorkerLoss loss{};
  std::vector<Invocation> unfinished{};  // what it had begun and not answered
};

// Interface. What a worker tells its pool. Only ended() may destroy the worker.
class WorkerEvents {
 public:
  virtual ~WorkerEvents() = default;
  virtual void ready(Worker& worker, bool whole_frames) = 0;
  // A result came for a frame that it has from that source. invalid: it contradicts its frame.
  virtual Status answered(Worker& worker, std::size_t source, FrameId frame,
                          model::FrameResult&& result) = 0;
  virtual void moved_on(Worker& worker, std::size_t source, const Step& step) = 0;
  // It will not begin the events of that tail. `whole`: nothing of the frame is left.
  virtual void gave_back(Worker& worker, std::size_t source, const Tail& tail, bool whole) = 0;
  // The process is gone and its output read. Once.
  virtual void ended(Worker& worker) = 0;
};

// One worker: a process and the session that speaks with it, the frames that it has, and what its
// end means for them. Knows no protocol. Shard-confined.
class Worker final : private SessionEvents, private ProcessEvents {
 public:
  using Clock = std::chrono::steady_clock;
  enum class State {
    starting,
    running,
    ending  // its input is closed, or it has been killed
  };

  Worker(boost::asio::io_context& io, const config::Function& function, WorkerId id,
         WorkerEvents& events, const LineListener& lines, const ReportListener& reported);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // E3001: the process cannot be started. All that is passed outlives the worker.
  Status start(const RuntimeSpec& runtime, const std::filesystem::path& sdks,
               const sandbox::Places& places, ZygoteKeeper& zygotes);

  // How many more frames it takes now.
  std::size_t room() const;
  // How many invocations it has under way at once, at most.
  std::size_t at_once() const { return session_->at_once(); }
  void give(model::Frame&& frame, std::size_t source);
  // It gets no more frames and ends once it has answered what it has. Idempotent.
  void retire(Clock::time_point now);
  // SIGKILL for it and what it started, with the reason that its loss will have. The first reason
  // counts.
  void kill(std::string cause, std::string type);
  // True: an event that it has begun, or a frame that it should have begun, has not moved on for
  // `timeout`.
  bool overdue(Clock::time_point now, Duration timeout);
  // What every tick looks after: a start or an end that does not come, lines that were dropped, and
  // events that wait behind one that takes longer than `patience`, which are given back (absent:
  // they wait). `stood_still`: time since the last tick in which nothing ran; it counts against
  // nobody.
  void look_after(Clock::time_point now, Clock::duration stood_still,
                  std::optional<Duration> patience);

  const WorkerId id;
  const std::string name;
  State state() const { return state_; }
  bool retiring() const { return retiring_; }
  bool was_ready() const { return was_ready_; }
  const InFlight& in_flight() const { return in_flight_; }
  std::uint64_t events_done() const { return events_done_; }
  // Since when it has had no frame.
  Clock::time_point idle_since() const { return idle_since_; }
  // After start().
  const Process& process() const { return *process_; }
  WorkerInfo info(Clock::time_point now) const;
  WorkerTimes times(Clock::time_point now) const { return {now - start_.begun, pace_.idle(now)}; }

  // ---- after ended()
  // Once: the invocation that it ended in is reported.
  WorkerEnd end();

 private:
  void ready(bool whole_frames) override;
  void start_failed(std::string why, std::string stack) override;
  void answered(FrameId frame, model::FrameResult&& result) override;
  void gave_back(const Tail& tail) override;
  void broken(std::string what) override;
  void logged(std::string_view line) override;
  void hung_up() override;
  void at_rest() override;
  void wrote(bool standard_error, std::string_view line) override;
  void exited() override;

  void end_input();

  const config::Function& function_;
  WorkerEvents& events_;
  boost::asio::io_context& io_;
  std::unique_ptr<Process> process_;  // from start() on
  std::unique_ptr<Session> session_;
  InFlight in_flight_;
  WorkerVoice voice_;
  State state_ = State::starting;
  bool retiring_ = false;
  bool was_ready_ = false;
  // Which went first; trust: it does not keep to its protocol.
  enum class Gone { nothing, trust, connection, process } gone_ = Gone::nothing;
  std::string start_error_;
  std::uint64_t events_done_ = 0;
  struct {
    Clock::time_point begun{};
    Duration timeout{};
    std::optional<WorkerStart> process{};
  } start_;
  Clock::time_point idle_since_{};
  Pace pace_;
  Clock::time_point ending_since_{};
  std::string cause_ = "crash";
  std::string type_;
  thread::Timer silence_;
};

}  // namespace pelton::worker
