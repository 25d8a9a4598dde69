// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch_builder.h"
#include "engine/model/frame.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/scheduler.h"

#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>

namespace pelton::simulation {

// What workers tell their engine.
struct WorkerListener {
  std::function<void(WorkerId, FrameId, model::FrameResult&&)> result;
  // The result contradicts its frame, on purpose.
  std::function<void(WorkerId, FrameId, model::FrameResult&&)> garbage;
  // It has not begun the events of the frame from that one on, which has that offset, and will not.
  // Unset: it never does.
  std::function<void(WorkerId, FrameId, std::uint32_t, Offset)> gave_back;
  std::function<void(WorkerId, model::WorkerLoss&&)> lost;
};

// A worker process with its SDK: takes frames, handles events one after the other as their fate
// wants it, keeps the order of keys within a frame, and misbehaves as the scenario's faults say.
// Schedules itself; the engine keeps it alive until the scheduler has run dry.
class SimWorker {
 public:
  // `mended`: numbers of the events whose fate has been put right.
  SimWorker(WorkerId id, std::uint64_t life, const Scenario& scenario,
            const std::set<std::uint64_t>& mended, Scheduler& scheduler, Dice dice,
            const WorkerListener& listener);

  WorkerId id() const { return id_; }
  bool alive() const { return alive_; }
  std::size_t frames() const { return frames_.size(); }
  // The frame that it is at.
  std::optional<FrameId> head() const {
    return frames_.empty() ? std::nullopt : std::optional(frames_.front().id);
  }
  bool has_credit() const { return alive_ && frames_.size() < 2; }
  void give(model::Frame frame);
  // Says nothing from now on.
  void kill() { alive_ = false; }

 private:
  struct Plan {
    model::FrameResult whole;  // up to `end`
    std::uint32_t end = 0;     // first event that is not finished
    bool dies = false;
    bool hangs = false;
  };
  void begin();
  void give_back();
  Plan plan(const model::Frame& frame);
  static Plan plan_unblamed(std::uint32_t size);
  std::optional<model::Failure> handle(const model::Frame& frame, std::uint32_t i);
  void add_outputs(const model::Frame& frame, std::uint32_t i, model::BatchBuilder& builder,
                   model::FrameResult& result);
  void answer(Plan&& plan);
  void send(model::FrameResult&& result, Duration delay);
  void send_garbage(const model::Frame& frame);
  void die(std::uint32_t at, std::string cause, Duration delay);
  void next();
  bool chance(double p) { return dice_.chance(p); }

  const WorkerId id_;
  const std::uint64_t life_;
  const Scenario& scenario_;
  const std::set<std::uint64_t>& mended_;
  Scheduler& scheduler_;
  Dice dice_;
  const WorkerListener& listener_;
  std::deque<model::Frame> frames_;
  std::uint32_t end_ = 0;  // of the first of them, the events that are not given back
  bool alive_ = true;
  bool busy_ = false;
};

}  // namespace pelton::simulation
