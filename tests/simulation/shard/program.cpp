// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/shard/program.h"

#include "tests/simulation/history.h"

#include <algorithm>
#include <utility>

namespace pelton::simulation {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostFrames = 2;
// Of standing still, what may count as time at work.
constexpr Duration kUncounted = milliseconds(250);

model::Failure failure_at(std::uint32_t i, model::OutcomeCode code) {
  return {i, code, "Trouble", "as the seed wants it", "", std::nullopt, true};
}

}  // namespace

Program::Program(Machine& machine, int pid)
    : machine_(machine),
      pid_(pid),
      blind_(chance(machine.world().faults.blind)),
      stays_(chance(machine.world().faults.stays)) {}

void Program::after(Duration delay, void (Program::*then)()) {
  machine_.world().scheduler.after(delay, [self = weak_from_this(), then] {
    if (const auto here = self.lock(); here && !here->ended_) ((*here).*then)();
  });
}

// ---- the process

void Program::run(std::function<void(std::string)> ended) {
  told_end_ = std::move(ended);
  ++machine_.world().history.seen.processes;
  if (chance(machine_.world().faults.never_ready)) return;
  after(milliseconds(dice().between(1, 60)), &Program::start);
}

void Program::start() {
  const ShardFaults& faults = machine_.world().faults;
  if (chance(faults.ends_early)) return end("exit 1");
  if (engine_ == nullptr) return;
  if (chance(faults.start_fails)) {
    engine_->start_failed("as the seed wants it", "");
    if (!ended_) after(milliseconds(dice().between(0, 20)), &Program::rest);
    return;
  }
  ready_ = true;
  engine_->ready(false);
  goes_on();
}

void Program::kill() {
  if (std::exchange(killed_, true)) return;
  machine_.world().scheduler.after(chance(machine_.world().faults.late_exit)
                                       ? milliseconds(dice().between(1, 300))
                                       : milliseconds(dice().between(0, 3)),
                                   [self = weak_from_this()] {
                                     if (const auto here = self.lock()) here->end("signal 9");
                                   });
}

// Which of its ends the engine sees first is a matter of chance.
void Program::end(std::string ending) {
  if (std::exchange(ended_, true)) return;
  ShardHistory& history = machine_.world().history;
  if (!works_.empty()) suspect(works_.front());
  history.gone(pid_);
  works_.clear();
  since_.reset();
  const auto self = shared_from_this();
  machine_.ended(pid_);
  const auto hang_up = [self] {
    if (self->last_words_) self->send(std::move(*std::exchange(self->last_words_, std::nullopt)));
    if (self->engine_ != nullptr) std::exchange(self->engine_, nullptr)->hung_up();
  };
  const auto exit = [self, ending] {
    if (self->told_end_) std::exchange(self->told_end_, nullptr)(ending);
  };
  Scheduler& scheduler = machine_.world().scheduler;
  scheduler.after(milliseconds(dice().between(0, 5)), hang_up);
  scheduler.after(milliseconds(dice().between(0, 5)), exit);
}

// It has not begun these; nobody can know that.
void Program::suspect(const Work& work) const {
  for (std::uint32_t i = work.next; i < work.end; ++i)
    machine_.world().history.suspected(number(work, i));
}

// Told to end and with nothing to do.
void Program::rest() {
  if (!stays_) end("exit 0");
}

// ---- the connection

void Program::connect(worker::SessionEvents& engine) {
  engine_ = &engine;
}

void Program::disconnect() {
  if (last_words_ && !killed_ && machine_.engine_runs())
    machine_.world().history.violation("what process {} sent before it ended is not read", pid_);
  engine_ = nullptr;
  told_end_ = nullptr;
  kill();
}

std::size_t Program::room() const {
  const bool open = ready_ && !gave_back_ && !input_ended_ && engine_ != nullptr;
  return open ? kMostFrames - std::min(kMostFrames, works_.size()) : 0;
}

void Program::invoke(const model::Frame& frame) {
  if (room() == 0) machine_.world().history.violation("process {} is given too much", pid_);
  Work work;
  work.frame = frame;
  work.end = static_cast<std::uint32_t>(frame.batch->size());
  if (ended_) return suspect(work);
  works_.push_back(std::move(work));
  if (works_.size() == 1) after(Duration{dice().between(5, 50)}, &Program::goes_on);
}

std::vector<worker::Invocation> Program::begun() const {
  if (!since_ || blind_) return {};
  return {{works_.front().frame.id, works_.front().next, *since_, 1, {}}};
}

std::vector<worker::Tail> Program::take_back(Steady now, std::chrono::nanoseconds patience) {
  if (ended_ || !since_ || now - *since_ < patience) return {};
  if (!std::exchange(asked_back_, true)) return {};
  std::vector<worker::Tail> tails;
  Work& head = works_.front();
  if (head.next + 1 < head.end) {
    head.end = head.next + 1;
    tails.push_back({head.frame.id, head.end});
  }
  for (; works_.size() > 1; works_.pop_back()) tails.push_back({works_.back().frame.id, 0});
  gave_back_ = gave_back_ || !tails.empty();
  machine_.world().history.seen.given_back += tails.size();
  return tails;
}

void Program::end_input() {
  input_ended_ = true;
  if (!ended_ && works_.empty()) after(milliseconds(dice().between(0, 20)), &Program::rest);
}

// ---- the loop

std::uint64_t Program::number(const Work& work, std::uint32_t i) const {
  return number_of(work.frame.batch->data(i));
}

const Task& Program::task(const Work& work) const {
  return machine_.world().scenario.tasks.at(number(work, work.next));
}

bool Program::skips(const Work& work, std::uint32_t i) const {
  if (work.all_held) return true;
  return work.frame.order == model::Order::key && work.frame.batch->has_key(i) &&
         work.held.contains(std::string(work.frame.batch->key(i)));
}

void Program::goes_on() {
  while (!ended_ && !since_ && !works_.empty()) {
    Work& work = works_.front();
    if (work.next == work.end) {
      answer(true);
    } else if (skips(work, work.next)) {
      work.result.not_done.push_back(failure_at(work.next++, model::OutcomeCode::skipped));
    } else {
      begin_event();
    }
  }
  if (!ended_ && works_.empty() && input_ended_)
    after(milliseconds(dice().between(0, 20)), &Program::rest);
}

void Program::begin_event() {
  const auto& world = machine_.world();
  Work& work = works_.front();
  const auto& attempts = work.frame.attempts;
  since_ = std::chrono::steady_clock::now();
  since_really_ = world.scheduler.now();
  world.history.begins(pid_, {number(work, work.next), attempts.empty() ? 1 : attempts[work.next]});
  const Task& event = task(work);
  const bool mended = world.mended.contains(number(work, work.next));
  if (event.deed == Deed::hangs && !mended) return;
  if ((event.deed == Deed::kills && !mended) || chance(world.faults.crash)) {
    world.scheduler.after(event.takes, [self = weak_from_this()] {
      if (const auto here = self.lock()) here->end("signal 11");
    });
    return;
  }
  after(event.takes, &Program::handled);
}

void Program::handled() {
  const ShardFaults& faults = machine_.world().faults;
  Work& work = works_.front();
  if (auto failed = outcome(work)) {
    if (work.frame.order == model::Order::partition) work.all_held = true;
    if (work.frame.batch->has_key(work.next))
      work.held.insert(std::string(work.frame.batch->key(work.next)));
    work.result.not_done.push_back(std::move(*failed));
  } else {
    add_outputs(work);
  }
  ++work.next;
  since_.reset();
  asked_back_ = gave_back_ = false;
  if (engine_ != nullptr && chance(faults.garbage)) return lie();
  if (engine_ != nullptr && chance(faults.hangs_up))
    return std::exchange(engine_, nullptr)->hung_up();
  if (work.next == work.end || chance(0.3)) answer(false);
  goes_on();
}

std::optional<model::Failure> Program::outcome(const Work& work) {
  const Task& event = task(work);
  if (machine_.world().mended.contains(number(work, work.next))) return std::nullopt;
  const std::uint32_t attempt = work.frame.attempts.empty() ? 1 : work.frame.attempts[work.next];
  if (event.deed == Deed::rejects) return failure_at(work.next, model::OutcomeCode::fail);
  const bool fails =
      event.deed == Deed::poison ||
      ((event.deed == Deed::flaky || event.deed == Deed::waits) && attempt <= event.failures);
  if (!fails) return std::nullopt;
  auto failed = failure_at(work.next, model::OutcomeCode::retry);
  if (event.deed == Deed::waits) failed.retry_after = milliseconds(dice().between(1, 300));
  return failed;
}

void Program::add_outputs(Work& work) {
  for (std::uint32_t j = 0; j < task(work).outputs; ++j) {
    const std::string text = shard_output(number(work, work.next), j);
    model::EventView output;
    output.data = text;
    output.key = work.frame.batch->key(work.next);
    output.has_key = work.frame.batch->has_key(work.next);
    work.outputs.add(output);
    work.result.output_parents.push_back(work.next);
  }
}

// What has been handled and not answered. The frame goes first once nothing of it is left: the
// engine may give another within this call.
void Program::answer(bool whole_frame) {
  Work& work = works_.front();
  Answer answer{work.frame.id, std::exchange(work.result, {}), {}};
  answer.result.first = work.answered;
  answer.result.count = work.next - work.answered;
  if (!work.outputs.empty()) answer.result.outputs = work.outputs.finish();
  answer.outcomes = outcomes(work, answer.result);
  work.answered = work.next;
  if (whole_frame || work.next == work.end) works_.pop_front();
  if (answer.result.count == 0) return;
  if (!chance(machine_.world().faults.last_words)) return send(std::move(answer));
  // Sent, and it ends before the engine has read it.
  last_words_ = std::move(answer);
  end("exit 3");
}

// An answer that nobody hears, or believes, is none.
void Program::send(Answer&& answer) {
  if (engine_ == nullptr) return;
  if (!lied_)
    for (const auto& [number, done] : answer.outcomes)
      machine_.world().history.answered(pid_, number, done);
  engine_->answered(answer.frame, std::move(answer.result));
}

std::vector<std::pair<std::uint64_t, bool>> Program::outcomes(
    const Work& work, const model::FrameResult& result) const {
  std::vector<std::pair<std::uint64_t, bool>> outcomes;
  auto failed = result.not_done.begin();
  for (std::uint32_t i = work.answered; i < work.next; ++i) {
    const bool not_done = failed != result.not_done.end() && failed->index == i;
    if (!not_done || failed->code != model::OutcomeCode::skipped)
      outcomes.emplace_back(number(work, i), !not_done);
    if (not_done) ++failed;
  }
  return outcomes;
}

// A result that contradicts its frame.
void Program::lie() {
  lied_ = true;
  const Work& work = works_.front();
  model::FrameResult result;
  result.first = work.answered;
  result.count = static_cast<std::uint32_t>(work.frame.batch->size()) + 1;
  if (chance(0.5)) {
    result.count = work.next - work.answered;
    result.not_done.push_back(failure_at(work.next + 7, model::OutcomeCode::retry));
  }
  engine_->answered(work.frame.id, std::move(result));
}

void Program::times_out(Duration timeout) const {
  const Duration passed = machine_.world().scheduler.now() - since_really_;
  if (since_ && passed + kUncounted < timeout)
    machine_.world().history.violation("process {} is ended for a time-out after {} of {} ms", pid_,
                                       passed / milliseconds(1), timeout / milliseconds(1));
}

std::optional<WallTime> Program::at_work_since() const {
  return since_ ? std::optional(since_really_) : std::nullopt;
}

}  // namespace pelton::simulation
