// SPDX-License-Identifier: Apache-2.0
// What workers get, and what they answer.
#include "tests/simulation/history.h"

#include <algorithm>
#include <cmath>

namespace pelton::simulation {

namespace {

std::size_t payload(const model::Batch& batch, std::size_t i) {
  return batch.data(i).size() + batch.key(i).size() + batch.header_bytes(i).size();
}

bool same_event(const model::Batch& a, std::size_t i, const model::Batch& b, std::size_t j) {
  return a.data(i) == b.data(j) && a.key(i) == b.key(j) && a.has_key(i) == b.has_key(j) &&
         a.type(i) == b.type(j) && a.source(i) == b.source(j) && a.id(i) == b.id(j) &&
         a.subject(i) == b.subject(j) && a.time_us(i) == b.time_us(j) &&
         a.header_bytes(i) == b.header_bytes(j) && a.content_type(i) == b.content_type(j);
}

}  // namespace

// In no time more than the limit's events, and those of a tenth of a second.
void History::check_rate(const model::Frame& frame) {
  const auto& limit = scenario_.binding.delivery.rate_limit;
  if (!limit) return;
  const std::chrono::duration<double> passed = scheduler_.wall() - rate_seen_;
  rate_seen_ = scheduler_.wall();
  rate_level_ = std::max(0.0, rate_level_ - limit->per_second() * std::max(0.0, passed.count()));
  rate_level_ += static_cast<double>(frame.batch->size());
  if (rate_level_ > std::max(1.0, limit->per_second() / 10) + 0.01)
    violation("frame {} goes beyond the limit of {}", frame.id.value, config::rate_text(*limit));
}

void History::frame(WorkerId worker, const model::Frame& frame, std::uint64_t life) {
  ++seen.frames;
  check_shape(worker, frame);
  check_pause(frame);
  check_rate(frame);
  OpenFrame open{worker, frame.partition, invocation_of(life, frame.id), {}, 0, false};
  Partition& partition = at(frame.partition);
  open.replay = frame.batch->size() == 1 && !partition.unsettled.contains(frame.base) &&
                replays_.contains({scenario_.binding.id, frame.partition, frame.base});
  for (std::uint32_t i = 0; i < frame.batch->size(); ++i) {
    const Offset offset = frame.base + frame.batch->delta(i);
    const auto event = partition.events.find(offset);
    if (event == partition.events.end())
      return violation("a worker got event {}/{}, which is not durable", frame.partition.value,
                       offset);
    check_event(frame, i, event->second);
    check_once(frame, offset, *event->second.message);
    if (!open.replay) check_trouble(frame, i, event->second, event->second.trouble);
    open.offsets.push_back(offset);
  }
  if (open.replay)
    check_replay(frame, partition);
  else
    check_order(frame, partition);
  if (!open.replay) check_suspects(frame, partition);
  for (const Offset offset : open.offsets) occupy(open, offset);
  if (!open.replay) hand_over(open, frame.id);
  frames_.emplace(frame.id, std::move(open));
}

// Whatever becomes of its partition meanwhile, no event is with two workers at once.
void History::hand_over(const OpenFrame& open, FrameId frame) {
  for (const Offset offset : open.offsets)
    if (!busy_.emplace(Place{open.partition, offset}, Busy{open.worker, frame}).second)
      violation("event {}/{} is with two workers", open.partition.value, offset);
}

void History::late(WorkerId worker, FrameId frame) {
  ++seen.late;
  std::erase_if(busy_, [&](const auto& busy) {
    return busy.second.worker == worker && busy.second.frame == frame;
  });
}

void History::check_shape(WorkerId worker, const model::Frame& frame) {
  const auto& limits = scenario_.binding.delivery.batch;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < frame.batch->size(); ++i) bytes += payload(*frame.batch, i);
  if (frame.batch->size() > std::min(limits.events, scenario_.limits.events))
    violation("a frame of {} events", frame.batch->size());
  if (frame.batch->size() > 1 && bytes > std::min(limits.bytes, scenario_.limits.bytes))
    violation("a frame of {} bytes", bytes);
  if (frame.binding != scenario_.binding.binding || frame.stream != scenario_.binding.stream ||
      frame.order != scenario_.binding.delivery.order)
    violation("a frame of another binding");
  const auto credit = std::ranges::count_if(
      frames_, [&](const auto& open) { return open.second.worker == worker; });
  if (credit >= 2) violation("worker {} has {} frames", worker.value, credit + 1);
  if (frames_.contains(frame.id)) violation("frame {} was given before", frame.id.value);
}

void History::check_event(const model::Frame& frame, std::uint32_t i, const Event& event) {
  const Offset offset = frame.base + frame.batch->delta(i);
  const std::string name = fmt::format("{}/{}/{}", frame.stream, frame.partition.value, offset);
  if (!same_event(*frame.batch, i, *event.batch, event.index))
    violation("event {} reached a worker changed", name);
  if (!event.message->passes) violation("event {} does not pass the filter", name);
  const std::string& once = event.message->once;
  const std::string expected =
      once.empty() ? default_key(scenario_.binding, frame.partition, offset) : once;
  const std::string given = frame.idempotency_keys.empty()
                                ? frame.key_prefix + std::to_string(offset)
                                : frame.idempotency_keys.at(i);
  if (given != expected) violation("event {} has the idempotency key {}", name, given);
}

// A key is neither done twice nor with two workers at once.
void History::check_once(const model::Frame& frame, Offset offset, const Message& message) {
  if (message.once.empty()) return;
  const auto done = once_done_.find(message.once);
  if (done != once_done_.end() &&
      scheduler_.latest_wall() < done->second + scenario_.binding.idempotency->ttl &&
      scheduler_.now() < once_really_.at(message.once) + scenario_.binding.idempotency->ttl)
    violation("event {}/{} is invoked, but its key {} is completed", frame.partition.value, offset,
              message.once);
  if (once_running_.contains(message.once))
    violation("event {}/{} is invoked while its key {} is with another", frame.partition.value,
              offset, message.once);
}

void History::check_trouble(const model::Frame& frame, std::uint32_t i, const Event& event,
                            const Trouble& trouble) {
  const Offset offset = frame.base + frame.batch->delta(i);
  const std::uint32_t attempt = frame.attempts.empty() ? 1 : frame.attempts.at(i);
  const auto name = [&] { return fmt::format("{}/{}", frame.partition.value, offset); };
  if (attempt != trouble.failures + 1)
    violation("event {} gets attempt {} after {} failures", name(), attempt, trouble.failures);
  if (attempt > scenario_.binding.delivery.retry.attempts)
    violation("event {} gets attempt {}", name(), attempt);
  if (scheduler_.wall() < trouble.not_before) violation("event {} is tried too early", name());
  const auto& max_age = scenario_.binding.delivery.retry.max_age;
  if (max_age && trouble.failures > 0 && scheduler_.wall() - trouble.first >= *max_age)
    violation("event {} is tried after its max_age", name());
  if (trouble.kills >= 2) violation("event {} ended two workers and is tried again", name());
  if (trouble.kills + trouble.timeouts > 0 && frame.batch->size() > 1)
    violation("event {} has ended a worker and is not alone", name());
  if (event.settled) violation("event {} is settled and tried again", name());
}

// Those of which one has ended a worker come again in halves, and nothing else with them.
void History::check_suspects(const model::Frame& frame, const Partition& partition) {
  const std::uint32_t size = static_cast<std::uint32_t>(frame.batch->size());
  const bool suspects = partition.events.at(frame.base + frame.batch->delta(0)).suspect > 0;
  for (std::uint32_t i = 0; i < size; ++i) {
    const Offset offset = frame.base + frame.batch->delta(i);
    const std::uint32_t most = partition.events.at(offset).suspect;
    if ((most > 0) != suspects)
      violation("a suspect and another event are in a frame, {}/{}", frame.partition.value, offset);
    if (most > 0 && size > most)
      violation("suspect {}/{} comes among {}, not {}", frame.partition.value, offset, size, most);
  }
}

// Events of a lane go one after the other: all that precede one in its lane are settled, or before
// it in its frame, and nothing else of the lane is with a worker.
void History::check_order(const model::Frame& frame, const Partition& partition) {
  std::map<std::string, std::size_t> taken;
  Offset last = -1;
  for (std::uint32_t i = 0; i < frame.batch->size(); ++i) {
    const Offset offset = frame.base + frame.batch->delta(i);
    if (offset <= last) violation("offsets in a frame do not ascend");
    last = offset;
    if (!partition.unsettled.contains(offset))
      violation("event {}/{} is done and tried again", frame.partition.value, offset);
    const auto lane = scenario_.lane(*partition.events.at(offset).message);
    if (!lane) continue;
    if (lanes_.contains({frame.partition, *lane}))
      violation("event {}/{} goes while its lane {} is with another worker", frame.partition.value,
                offset, *lane);
    const auto open = partition.lanes.find(*lane);
    if (open == partition.lanes.end()) continue;
    const std::size_t before = taken[*lane]++;
    const auto expected = std::next(
        open->second.begin(), static_cast<std::ptrdiff_t>(std::min(before, open->second.size())));
    if (expected == open->second.end() || *expected != offset)
      violation("event {}/{} overtakes one of its lane {}", frame.partition.value, offset, *lane);
  }
}

void History::check_replay(const model::Frame& frame, const Partition& partition) {
  const Event& event = partition.events.at(frame.base);
  const auto& replay = replays_.at({scenario_.binding.id, frame.partition, frame.base});
  const std::uint32_t attempt = frame.attempts.empty() ? 1 : frame.attempts.front();
  if (attempt != replay.trouble.failures + 1)
    violation("the replay of {}/{} gets attempt {}", frame.partition.value, frame.base, attempt);
  if (scheduler_.wall() < replay.trouble.not_before)
    violation("the replay of {}/{} is tried too early", frame.partition.value, frame.base);
  if (!event.dead)
    violation("{}/{} is replayed and no dead letter", frame.partition.value, frame.base);
  const auto lane = scenario_.lane(*event.message);
  if (lane && lanes_.contains({frame.partition, *lane}))
    violation("the replay of {}/{} goes while its lane {} is with another worker",
              frame.partition.value, frame.base, *lane);
}

void History::occupy(const OpenFrame& open, Offset offset) {
  const Message& message = *at(open.partition).events.at(offset).message;
  if (const auto lane = scenario_.lane(message)) {
    LaneUse& use = lanes_[{open.partition, *lane}];
    use.by = open.by;
    ++use.events;
  }
  if (!message.once.empty()) once_running_.emplace(message.once, Place{open.partition, offset});
}

void History::release(const OpenFrame& open, Offset offset) {
  const Message& message = *at(open.partition).events.at(offset).message;
  if (const auto lane = scenario_.lane(message)) {
    const auto use = lanes_.find({open.partition, *lane});
    if (use != lanes_.end() && use->second.by == open.by && --use->second.events == 0)
      lanes_.erase(use);
  }
  const auto running = once_running_.find(message.once);
  if (running != once_running_.end() && running->second == Place{open.partition, offset})
    once_running_.erase(running);
}

bool History::open(WorkerId worker, FrameId frame) const {
  const auto found = frames_.find(frame);
  return found != frames_.end() && found->second.worker == worker;
}

bool History::follows(FrameId frame, const model::FrameResult& result) const {
  return frames_.at(frame).covered == result.first;
}

void History::result(FrameId id, const model::FrameResult& result) {
  OpenFrame& open = frames_.at(id);
  const bool unblamed = result.together && result.count > 1;
  if (unblamed)
    narrow(open, result);
  else
    tell_pause(open, id, result);
  auto failure = result.not_done.begin();
  for (std::uint32_t i = result.first; i < result.first + result.count; ++i) {
    const Offset offset = open.offsets.at(i);
    release(open, offset);
    if (!open.replay) busy_.erase({open.partition, offset});
    if (unblamed) continue;
    if (failure != result.not_done.end() && failure->index == i)
      event_failed(open, offset, *failure++);
    else
      event_done(open, offset);
  }
  open.covered = result.first + result.count;
  if (open.covered == open.offsets.size()) frames_.erase(id);
}

void History::event_done(OpenFrame& open, Offset offset) {
  ++seen.done;
  Event& event = at(open.partition).events.at(offset);
  event.suspect = 0;
  if (open.replay) {
    ++seen.replays_done;
    replays_.at({scenario_.binding.id, open.partition, offset}).done_by = open.by;
  } else {
    event.done_by = open.by;
    if (const auto key = key_at({open.partition, offset})) bad_keys_.erase(*key);
  }
  if (event.message->once.empty()) return;
  once_done_[event.message->once] = scheduler_.wall();
  once_really_[event.message->once] = scheduler_.now();
}

History::Trouble& History::trouble_of(const OpenFrame& open, Offset offset) {
  if (open.replay) return replays_.at({scenario_.binding.id, open.partition, offset}).trouble;
  touched_.emplace_back(open.partition, offset);
  return at(open.partition).events.at(offset).trouble;
}

void History::event_failed(const OpenFrame& open, Offset offset, const model::Failure& failure) {
  if (failure.code == model::OutcomeCode::skipped) return;
  ++seen.retries;
  at(open.partition).events.at(offset).suspect = 0;
  Trouble& trouble = trouble_of(open, offset);
  trouble.ahead = scheduler_.ahead();
  if (!failure.counts) {
    trouble.not_before = scheduler_.wall() + scenario_.binding.delivery.retry.first;
    return;
  }
  fail(trouble, failure.retry_after);
}

void History::fail(Trouble& trouble, std::optional<Duration> asked) {
  const config::Retry& retry = scenario_.binding.delivery.retry;
  trouble.ahead = scheduler_.ahead();
  if (trouble.failures++ == 0) trouble.first = scheduler_.wall();
  const double most = static_cast<double>(retry.max.count());
  const double delay = std::min(most, static_cast<double>(retry.first.count()) *
                                          std::pow(retry.factor, trouble.failures - 1));
  const Duration least{static_cast<std::int64_t>(delay * (1 - retry.jitter)) - 1};
  trouble.not_before = scheduler_.wall() + asked.value_or(least);
  const Duration latest{static_cast<std::int64_t>(std::min(most, delay * (1 + retry.jitter)))};
  trouble.not_after = scheduler_.wall() + asked.value_or(latest);
}

void History::gave_back(WorkerId worker, FrameId frame, std::uint32_t first, Offset from) {
  ++seen.given_back;
  std::erase_if(busy_, [&](const auto& busy) {
    return busy.second.worker == worker && busy.second.frame == frame && busy.first.second >= from;
  });
  const auto found = frames_.find(frame);
  if (found == frames_.end() || found->second.worker != worker) return;
  OpenFrame& open = found->second;
  for (std::uint32_t i = first; i < open.offsets.size(); ++i) release(open, open.offsets[i]);
  rate_level_ = std::max(0.0, rate_level_ - static_cast<double>(open.offsets.size() - first));
  open.offsets.resize(first);
  if (open.covered == first) frames_.erase(found);
}

void History::lost(WorkerId worker, const model::WorkerLoss& loss) {
  std::erase_if(busy_, [&](const auto& busy) { return busy.second.worker == worker; });
  const bool guilty = loss.frame && loss.cause != "engine";
  if (guilty && !loss.index) narrow(worker, *loss.frame, loss.cause);
  for (auto frame = frames_.begin(); frame != frames_.end();) {
    const auto here = frame++;
    const OpenFrame& open = here->second;
    if (open.worker != worker) continue;
    const bool blamed = guilty && loss.frame == here->first && loss.index &&
                        *loss.index >= open.covered && *loss.index < open.offsets.size();
    if (blamed) blame(here->first, open, open.offsets[*loss.index], loss.cause);
    close(here->first);
  }
}

// One of these failed, nobody knows which.
void History::narrow(const OpenFrame& open, const model::FrameResult& result) {
  for (std::uint32_t i = result.first; i < result.first + result.count; ++i)
    at(open.partition).events.at(open.offsets.at(i)).suspect = (result.count + 1) / 2;
}

// It was at that frame, nobody knows at which event.
void History::narrow(WorkerId worker, FrameId frame, const std::string& cause) {
  const auto found = frames_.find(frame);
  if (found == frames_.end() || found->second.worker != worker) return;
  const OpenFrame& open = found->second;
  const auto left = static_cast<std::uint32_t>(open.offsets.size()) - open.covered;
  if (left == 1) return blame(frame, open, open.offsets.back(), cause);
  for (std::uint32_t i = open.covered; i < open.offsets.size(); ++i)
    at(open.partition).events.at(open.offsets[i]).suspect = (left + 1) / 2;
}

void History::blame(FrameId frame, const OpenFrame& open, Offset offset, const std::string& cause) {
  ++seen.kills;
  if (!open.replay) failed_in_a_row(frame, {open.partition, offset});
  Trouble& trouble = trouble_of(open, offset);
  ++(cause == "timeout" ? trouble.timeouts : trouble.kills);
  fail(trouble, std::nullopt);
}

void History::close(FrameId id) {
  const OpenFrame open = frames_.at(id);
  for (std::uint32_t i = open.covered; i < open.offsets.size(); ++i) release(open, open.offsets[i]);
  frames_.erase(id);
}

void History::revoked(PartitionId partition) {
  for (auto& [offset, event] : at(partition).events) event.suspect = 0;
  for (auto frame = frames_.begin(); frame != frames_.end();) {
    const auto here = frame++;
    if (here->second.partition == partition && !here->second.replay) close(here->first);
  }
}

}  // namespace pelton::simulation
