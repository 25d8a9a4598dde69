// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/backoff.h"
#include "engine/connector/host_status.h"
#include "engine/connector/sink.h"
#include "engine/model/frame.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace pelton::connector {

// Value. How a sink host paces itself; tests shorten the times.
struct SinkPacing {
  std::chrono::milliseconds backoff_first{1'000};
  std::chrono::milliseconds backoff_max{60'000};
};

// Runs one sink on a thread of its own, as the worker of its binding: takes frames, writes them,
// answers each with one FrameResult. While the system behind the sink is away the host connects and
// writes again with backoff and answers nothing, so no event loses an attempt. A frame that is not
// answered when stop() returns is the binding's again (as after the loss of a worker, cause
// engine).
//
//   SinkHost host({.name = "outbox", .sink = std::move(sink), .finished = post_to_shard, .report =
//   log}); host.start(); while (host.credit() > 0) ... host.offer(std::move(frame));
class SinkHost {
 public:
  // Frames taken and not answered: one is written while the next waits.
  static constexpr std::size_t kCredit = 2;

  // Called on the host's thread: post on. The credit of the frame is free again.
  using Finished = std::function<void(FrameId frame, model::FrameResult&& result)>;
  // The same of a frame that was not written, after release().
  using Returned = std::function<void(FrameId frame)>;

  struct Setup {
    std::string name;
    std::unique_ptr<Sink> sink;
    Finished finished;
    Returned returned{};  // may be empty
    Report report;        // may be empty
    SinkPacing pacing{};
  };

  explicit SinkHost(Setup setup);
  ~SinkHost();  // stops
  SinkHost(const SinkHost&) = delete;
  SinkHost& operator=(const SinkHost&) = delete;

  // Also again, after stop().
  void start();
  // Any thread. False when no credit is left or the host stops; the frame is then
  // untouched.
  bool offer(model::Frame&& frame);
  // How many frames offer() would take now.
  std::size_t credit() const;

  // Frames that cannot be written are given back, once: their partition is to be moved. Any thread.
  void release();

  // Ends after the write at hand; frames that wait are not written. Returns at once.
  void begin_stop();
  // begin_stop() and join. May be called twice, and without a start.
  void stop();

  // Any thread.
  HostSnapshot snapshot() const { return status_.snapshot(); }
  const std::string& name() const { return name_; }

 private:
  void run();
  std::optional<model::Frame> next();
  bool deliver(const model::Frame& frame);
  bool connect();
  bool wait(std::chrono::milliseconds time);
  bool stopping() const;
  void give_back();
  void answer(const model::Frame& frame, std::vector<SinkFailure> failures);
  void report_error(const Error& error);

  const std::string name_;
  const std::unique_ptr<Sink> sink_;
  const Finished finished_;
  const Returned returned_;
  const Report report_;
  HostStatus status_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<model::Frame> waiting_;  // guarded by mutex_
  std::size_t taken_ = 0;             // frames not answered; guarded by mutex_
  bool stopping_ = false;             // guarded by mutex_
  bool release_ = false;              // guarded by mutex_

  Backoff backoff_;  // the sink thread's own, as is the next
  bool connected_ = false;
  std::optional<FrameId> at_hand_;  // that is neither answered nor given back

  std::thread thread_;
};

}  // namespace pelton::connector
