// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_worker.h"

#include "engine/model/batch_builder.h"
#include "tests/simulation/history.h"

#include <set>
#include <utility>

namespace pelton::simulation {
namespace {

constexpr Duration kTimeout = std::chrono::milliseconds(50);

model::Failure failure(std::uint32_t i, model::OutcomeCode code) {
  return {i, code, "Trouble", "as the seed wants it", "", std::nullopt, true};
}

Offset offset_of(const model::Frame& frame, std::uint32_t i) {
  return frame.base + frame.batch->delta(i);
}

// Part [first, end) of a result.
model::FrameResult part_of(const model::FrameResult& whole, std::uint32_t first,
                           std::uint32_t end) {
  model::FrameResult part;
  part.first = first;
  part.count = end - first;
  for (const auto& failed : whole.not_done)
    if (failed.index >= first && failed.index < end) part.not_done.push_back(failed);
  model::BatchBuilder builder;
  for (std::size_t j = 0; j < whole.output_parents.size(); ++j) {
    const std::uint32_t parent = whole.output_parents[j];
    if (parent < first || parent >= end) continue;
    builder.add(*whole.outputs, j);
    part.output_parents.push_back(parent);
    if (!whole.output_streams.empty()) part.output_streams.push_back(whole.output_streams[j]);
  }
  if (!builder.empty()) part.outputs = builder.finish();
  part.streams = whole.streams;
  // One each, in order, goes without the list of parents.
  bool one_each = part.not_done.empty() && part.output_parents.size() == part.count;
  for (std::uint32_t j = 0; one_each && j < part.count; ++j)
    one_each = part.output_parents[j] == first + j;
  if (one_each) part.output_parents.clear();
  return part;
}

}  // namespace

SimWorker::SimWorker(WorkerId id, std::uint64_t life, const Scenario& scenario,
                     const std::set<std::uint64_t>& mended, Scheduler& scheduler, Dice dice,
                     const WorkerListener& listener)
    : id_(id),
      life_(life),
      scenario_(scenario),
      mended_(mended),
      scheduler_(scheduler),
      dice_(dice),
      listener_(listener) {}

void SimWorker::give(model::Frame frame) {
  frames_.push_back(std::move(frame));
  if (!busy_) begin();
}

void SimWorker::begin() {
  busy_ = true;
  const model::Frame& frame = frames_.front();
  end_ = static_cast<std::uint32_t>(frame.batch->size());
  Duration work{dice_.between(10, 50) * static_cast<std::int64_t>(frame.batch->size())};
  if (chance(scenario_.faults.slow)) work += Duration{dice_.between(1'000, 20'000)};
  if (listener_.gave_back && chance(scenario_.faults.gives_back))
    scheduler_.after(work / 2, [this] { give_back(); });
  scheduler_.after(work, [this] {
    if (!alive_) return;
    if (chance(scenario_.faults.garbage)) return send_garbage(frames_.front());
    if (chance(scenario_.faults.recycle)) return die(0, "engine", Duration{0});
    answer(plan(frames_.front()));
  });
}

// It is at an event that takes long: what waits behind it goes to others.
void SimWorker::give_back() {
  if (!alive_) return;
  if (frames_.size() > 1) {
    const FrameId second = frames_.back().id;
    const Offset base = offset_of(frames_.back(), 0);
    frames_.pop_back();
    listener_.gave_back(id_, second, 0, base);
  }
  if (!alive_ || end_ < 2) return;
  const auto first = 1 + static_cast<std::uint32_t>(dice_.below(end_ - 1));
  end_ = first;
  listener_.gave_back(id_, frames_.front().id, first, offset_of(frames_.front(), first));
}

SimWorker::Plan SimWorker::plan(const model::Frame& frame) {
  Plan plan;
  const std::uint32_t size = end_;
  plan.dies = chance(scenario_.faults.crash);
  plan.hangs = !plan.dies && chance(scenario_.faults.hang);
  const auto stop = plan.dies || plan.hangs ? static_cast<std::uint32_t>(dice_.below(size)) : size;
  if (!plan.dies && !plan.hangs && size > 1 && chance(scenario_.faults.raises))
    return plan_unblamed(size);
  model::BatchBuilder builder;
  std::set<std::string> held;
  bool all_held = false;
  for (; plan.end < stop; ++plan.end) {
    const Message& message = scenario_.messages.at(number_of(frame.batch->data(plan.end)));
    const bool skip = all_held || (message.key && held.contains(*message.key));
    if (skip) {
      plan.whole.not_done.push_back(failure(plan.end, model::OutcomeCode::skipped));
      continue;
    }
    if (message.fate == Fate::killer && !mended_.contains(message.number)) {
      plan.dies = true;
      plan.hangs = false;
      break;
    }
    if (auto failed = handle(frame, plan.end)) {
      if (frame.order == model::Order::partition) all_held = true;
      if (frame.order == model::Order::key && message.key) held.insert(*message.key);
      plan.whole.not_done.push_back(std::move(*failed));
    } else {
      add_outputs(frame, plan.end, builder, plan.whole);
    }
  }
  plan.whole.count = plan.end;
  if (!builder.empty()) plan.whole.outputs = builder.finish();
  return plan;
}

// A batch handler raised.
SimWorker::Plan SimWorker::plan_unblamed(std::uint32_t size) {
  Plan plan;
  plan.end = plan.whole.count = size;
  plan.whole.together = true;
  plan.whole.not_done.push_back(failure(0, model::OutcomeCode::retry));
  return plan;
}

std::optional<model::Failure> SimWorker::handle(const model::Frame& frame, std::uint32_t i) {
  const Message& message = scenario_.messages.at(number_of(frame.batch->data(i)));
  const std::uint32_t attempt = frame.attempts.empty() ? 1 : frame.attempts[i];
  if (chance(scenario_.faults.infrastructure)) {
    auto failed = failure(i, model::OutcomeCode::retry);
    failed.counts = false;
    return failed;
  }
  if (message.fate == Fate::good || mended_.contains(message.number)) return std::nullopt;
  if (message.fate == Fate::rejects) return failure(i, model::OutcomeCode::fail);
  if (message.fate != Fate::poison && attempt > message.failures) return std::nullopt;
  auto failed = failure(i, model::OutcomeCode::retry);
  if (message.fate == Fate::waits)
    failed.retry_after = std::chrono::milliseconds(dice_.between(1, 300));
  return failed;
}

void SimWorker::add_outputs(const model::Frame& frame, std::uint32_t i,
                            model::BatchBuilder& builder, model::FrameResult& result) {
  const Message& message = scenario_.messages.at(number_of(frame.batch->data(i)));
  for (std::uint32_t j = 0; j < message.outputs; ++j) {
    const std::string text = output_text(frame.partition, frame.base + frame.batch->delta(i), j,
                                         invocation_of(life_, frame.id));
    model::EventView output;
    output.data = text;
    output.key = frame.batch->key(i);
    output.has_key = frame.batch->has_key(i);
    builder.add(output);
    result.output_parents.push_back(i);
    // In turns; the first needs no name.
    const auto& streams = scenario_.binding.outputs;
    if (streams.size() < 2) continue;
    result.streams = {streams[1].name};
    result.output_streams.push_back(j % 2);
  }
}

void SimWorker::answer(Plan&& plan) {
  const bool in_parts = !plan.whole.together && chance(scenario_.faults.partial);
  std::uint32_t first = 0;
  while (in_parts && first < plan.end && chance(0.6)) {
    const auto end = first + 1 + static_cast<std::uint32_t>(dice_.below(plan.end - first));
    send(part_of(plan.whole, first, end), Duration{0});
    if (!alive_) return;
    first = end;
  }
  if (plan.dies) return die(plan.end, "crash", Duration{0});
  if (plan.hangs) return die(plan.end, "timeout", kTimeout);
  if (plan.whole.together)
    send(std::move(plan.whole), Duration{0});
  else if (first < plan.end)
    send(part_of(plan.whole, first, plan.end), Duration{0});
  next();
}

void SimWorker::next() {
  if (!alive_) return;
  frames_.pop_front();
  busy_ = false;
  if (!frames_.empty()) begin();
}

// A worker that answers may answer again, at once or much later.
void SimWorker::send(model::FrameResult&& result, Duration delay) {
  const FrameId frame = frames_.front().id;
  if (chance(scenario_.faults.twice))
    scheduler_.after(delay + Duration{dice_.between(0, 20'000)},
                     [this, frame, again = result]() mutable {
                       listener_.result(id_, frame, std::move(again));
                     });
  listener_.result(id_, frame, std::move(result));
}

void SimWorker::send_garbage(const model::Frame& frame) {
  const auto size = static_cast<std::uint32_t>(frame.batch->size());
  model::FrameResult result;
  result.count = size;
  switch (dice_.below(5)) {
    case 0:
      result.count = size + 1;
      break;
    case 1:
      result.first = size;
      break;
    case 2:
      result.not_done.push_back(failure(size, model::OutcomeCode::retry));
      break;
    case 3:
      result.count = 0;
      break;
    default: {
      result.outputs = one_event("output of nothing");
      result.output_parents = {size};
    }
  }
  listener_.garbage(id_, frame.id, std::move(result));
}

void SimWorker::die(std::uint32_t at, std::string cause, Duration delay) {
  model::WorkerLoss loss;
  loss.worker = fmt::format("function-{}", id_.value);
  loss.cause = std::move(cause);
  loss.type = "signal 9";
  loss.frame = frames_.front().id;
  // Not every death leaves word of the event that it was at.
  if (!chance(scenario_.faults.blind)) loss.index = at;
  scheduler_.after(delay, [this, loss = std::move(loss)]() mutable {
    if (!alive_) return;
    const FrameId frame = frames_.front().id;
    const auto size = static_cast<std::uint32_t>(frames_.front().batch->size());
    alive_ = false;
    listener_.lost(id_, std::move(loss));
    if (!chance(scenario_.faults.late * 10)) return;
    // It was not dead after all, and answers in the end.
    model::FrameResult result;
    result.count = size;
    result.outputs = one_event("0/0/0/0");
    result.output_parents = {0};
    scheduler_.after(Duration{dice_.between(1, 30'000)},
                     [this, frame, result = std::move(result)]() mutable {
                       listener_.result(id_, frame, std::move(result));
                     });
  });
}

}  // namespace pelton::simulation
