// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/frame_picker.h"

#include <algorithm>
#include <utility>

namespace pelton::dispatch {
namespace {

// A stored batch of at least so many events is a frame of its own, handed on as it is: joining it
// with its neighbours would copy it for little.
constexpr std::size_t kWholeBatch = 128;
// Larger events cannot be framed (a frame is at most 64 MiB).
constexpr std::uint64_t kMaxEventBytes = 60U << 20;

// Offsets of a frame are counted in 32 bits from its first.
constexpr Offset kMaxSpan = 1U << 31;

// The events are those of the batch, of which they have the first, the last and the number. Where
// it has gaps, there may be others in them, which were read again, and some of its own missing.
bool has_events_of(const Window& window, const std::vector<Position>& slots,
                   const model::Batch& batch) {
  if (batch.consecutive()) return true;
  const Offset base = window.at(slots.front()).offset - batch.delta(0);
  for (std::size_t i = 0; i < slots.size(); ++i)
    if (window.at(slots[i]).offset != base + batch.delta(i)) return false;
  return true;
}

}  // namespace

// A frame being put together.
struct FramePicker::Picking {
  FrameId frame;
  model::FrameLimits limits;
  std::vector<Position> slots;
  std::uint64_t bytes = 0;
  Offset first = 0;       // offset of the first event taken
  bool suspects = false;  // only suspects go in
  bool closed = false;    // nothing more goes in
  bool full() const { return closed || slots.size() >= limits.events || bytes >= limits.bytes; }
};

// New events go once there are enough of them, or the first has waited long enough.
bool FramePicker::new_go(const Partition& partition, WallTime now) const {
  const auto& batch = shared_.options.delivery.batch;
  const PartitionQueue& queue = partition.queue;
  if (!queue.has_new()) return false;
  return batch.wait == Duration{0} || queue.new_events() >= batch.events ||
         queue.new_bytes() >= batch.bytes || now >= queue.new_since() + batch.wait;
}

bool FramePicker::may_give(const Partition& partition, WallTime now) const {
  return partition.queue.lanes().has_ready() || new_go(partition, now);
}

Agenda::Plan FramePicker::plan(const Partition& partition, WallTime now) const {
  Agenda::Plan plan;
  const PartitionQueue& queue = partition.queue;
  if (!queue.parked().empty()) plan.due = queue.parked().begin()->first;
  if (partition.draining) return plan;
  plan.ready = may_give(partition, now);
  if (!plan.ready && queue.has_new())
    plan.opens = queue.new_since() + shared_.options.delivery.batch.wait;
  return plan;
}

std::optional<model::Frame> FramePicker::pick(Partition& partition, WorkerId worker,
                                              const model::FrameLimits& limits, WallTime now) {
  Picking picking{.frame = shared_.frames.next(), .limits = limits, .slots = {}};
  // A probe is an event that has not failed yet, if there is one: a long outage would use up the
  // attempts of one that is tried again and again.
  if (shared_.breaker.open() && new_go(partition, now)) pick_new(partition, picking, now);
  // Again when all that was looked at is settled or parked now, which may have let others go.
  while (picking.slots.empty() && may_give(partition, now)) {
    pick_ready(partition, picking, now);
    if (!picking.full() && new_go(partition, now)) pick_new(partition, picking, now);
  }
  std::optional<model::Frame> frame;
  if (!picking.slots.empty()) {
    // Events out of ready lanes come in the order of their lanes; a frame is in the order of its
    // offsets.
    if (!std::ranges::is_sorted(picking.slots)) std::ranges::sort(picking.slots);
    frame = build(partition, picking.slots);
    shared_.frames.give(worker, partition.id, std::move(picking.slots));
  }
  partition.queue.forget_settled();
  return frame;
}

void FramePicker::pick_ready(Partition& partition, Picking& picking, WallTime now) {
  // A lane that cannot go now comes back through its own events, so each is looked at once.
  for (std::size_t left = partition.queue.lanes().ready(); left > 0 && !picking.full(); --left)
    pick_lane(partition, partition.queue.lanes().pop_ready(), picking, now);
}

void FramePicker::pick_lane(Partition& partition, LaneKey lane, Picking& picking, WallTime now) {
  PartitionQueue& queue = partition.queue;
  while (!picking.full()) {
    const auto event = queue.pop(lane, picking.frame);
    if (!event) break;
    const Fit fits = fit(partition, event->position, *event->slot, picking, now);
    if (fits == Fit::goes) {
      queue.take(*event, picking.frame);
      picking.slots.push_back(event->position);
    } else if (fits == Fit::later) {
      queue.put_back(event->position);
      picking.closed = true;
    }
  }
  queue.leave_lane(lane, picking.closed);
}

void FramePicker::pick_new(Partition& partition, Picking& picking, WallTime now) {
  PartitionQueue& queue = partition.queue;
  for (; queue.has_new() && !picking.full(); queue.pass_new()) {
    const Position position = queue.first_new();
    const Slot& slot = queue.at(position);
    if (slot.index == 0 && !picking.slots.empty() &&
        std::max(picking.slots.size(), slot.batch().size()) >= kWholeBatch)
      break;
    const auto event = queue.join(picking.frame);
    if (!event) continue;
    const Fit fits = fit(partition, position, slot, picking, now);
    if (fits == Fit::goes) {
      queue.take(*event, picking.frame);
      picking.slots.push_back(position);
      continue;
    }
    queue.leave_lane(slot.lane, false);
    if (fits == Fit::later) break;
  }
}

// Whether the event, first of its lane, goes into the frame. `gone`: it is settled or parked now.
FramePicker::Fit FramePicker::fit(Partition& partition, Position position, const Slot& slot,
                                  Picking& picking, WallTime now) {
  if (!slot.present()) {
    rereads_.want(partition, position);
    return Fit::gone;
  }
  if (slot.batch().has_faults())
    if (const Error* why = slot.batch().fault(slot.index)) {
      outcomes_.bury_undecodable(partition, position, *why, now);
      return Fit::gone;
    }
  const std::uint64_t bytes = payload(slot);
  if (bytes > kMaxEventBytes) {
    outcomes_.bury(partition, position, "too_large", now);
    return Fit::gone;
  }
  if (picking.slots.empty()) {
    picking.first = slot.offset;
  } else if (picking.bytes + bytes > picking.limits.bytes ||
             std::abs(slot.offset - picking.first) >= kMaxSpan / 2) {
    return Fit::later;
  }
  if (!partition.suspects.empty()) {
    const Fit fits = fit_suspect(partition, slot.offset, picking);
    if (fits != Fit::goes) return fits;
  }
  if (shared_.index && blocked_by_key(partition, position, now)) return Fit::gone;
  if (!partition.retries.empty()) {
    const Fit fits = fit_history(partition, position, picking, now);
    if (fits != Fit::goes) return fits;
  }
  picking.bytes += bytes;
  return Fit::goes;
}

FramePicker::Fit FramePicker::fit_history(Partition& partition, Position position, Picking& picking,
                                          WallTime now) {
  const model::RetryState* retry = partition.retries.find(partition.queue.at(position).offset);
  if (retry == nullptr) return Fit::goes;
  if (shared_.policy.too_late(*retry, now)) {
    outcomes_.bury(partition, position, "max_age", now);
    return Fit::gone;
  }
  if (retry->next > now) {
    partition.queue.park(position, retry->next);
    return Fit::gone;
  }
  // An event that has ended a worker goes alone, so that nothing else is harmed by it.
  if (!ended_a_worker(*retry)) return Fit::goes;
  if (!picking.slots.empty()) return Fit::later;
  picking.closed = true;
  return Fit::goes;
}

// Suspects share no frame with others, or these would become suspects as well.
FramePicker::Fit FramePicker::fit_suspect(const Partition& partition, Offset offset,
                                          Picking& picking) {
  const auto most = partition.suspects.most_together(offset);
  if (picking.slots.empty()) picking.suspects = most.has_value();
  if (picking.suspects != most.has_value()) return Fit::later;
  if (!most) return Fit::goes;
  if (picking.slots.size() >= *most) return Fit::later;
  picking.limits.events = std::min(picking.limits.events, *most);
  return Fit::goes;
}

// An event whose idempotency key is completed is done without an invocation; one whose key is on
// its way with another event waits for it.
bool FramePicker::blocked_by_key(Partition& partition, Position position, WallTime now) {
  const auto key = partition.keys.find(partition.queue.at(position).offset);
  if (key == partition.keys.end()) return false;
  if (shared_.index->completed(key->second.fingerprint, now)) {
    ++shared_.totals.deduplicated;
    outcomes_.settle(partition, position);
    return true;
  }
  if (shared_.index->acquire(key->second.fingerprint, {partition.id.value, position})) return false;
  partition.queue.park(position, WallTime::max());
  return true;
}

model::Frame FramePicker::build(const Partition& partition, const std::vector<Position>& slots) {
  model::Frame frame = shared_.new_frame(partition.id);
  fill_batch(partition, slots, frame);
  if (!partition.retries.empty()) fill_attempts(partition, slots, frame);
  frame.key_prefix = partition.key_prefix;
  frame.settled = partition.durable;
  if (shared_.index)
    for (const Position position : slots)
      frame.idempotency_keys.push_back(
          partition.idempotency_key(partition.queue.at(position).offset));
  return frame;
}

void FramePicker::fill_attempts(const Partition& partition, const std::vector<Position>& slots,
                                model::Frame& frame) {
  for (const Position position : slots) {
    const auto* retry = partition.retries.find(partition.queue.at(position).offset);
    frame.attempts.push_back(retry == nullptr ? 1 : retry->attempts + 1);
  }
  if (std::ranges::all_of(frame.attempts, [](std::uint32_t n) { return n == 1; }))
    frame.attempts.clear();
}

void FramePicker::fill_batch(const Partition& partition, const std::vector<Position>& slots,
                             model::Frame& frame) {
  const Window& window = partition.queue.window();
  const Slot& first = window.at(slots.front());
  const Slot& last = window.at(slots.back());
  frame.base = first.offset;
  // One batch may have been appended twice, so its address alone does not tell where an event
  // stands.
  if (slots.size() == first.batch().size() && &last.batch() == &first.batch() && first.index == 0 &&
      last.offset - first.offset == first.batch().span() - 1 - first.batch().delta(0) &&
      has_events_of(window, slots, first.batch())) {
    frame.base = first.offset - first.batch().delta(0);
    frame.batch = window.batch_at(slots.front());
    return;
  }
  const bool consecutive = last.offset - first.offset == static_cast<Offset>(slots.size()) - 1;
  for (std::size_t i = 0; i < slots.size();) {
    const Slot& slot = window.at(slots[i]);
    if (!consecutive) {
      shared_.builder.add_at(slot.batch(), slot.index,
                             static_cast<std::uint32_t>(slot.offset - frame.base));
      ++i;
      continue;
    }
    std::size_t run = 1;
    while (i + run < slots.size() && slot.index + run < slot.batch().size() &&
           window.at(slots[i + run]).held == slot.held)
      ++run;
    shared_.builder.add_range(slot.batch(), slot.index, run);
    i += run;
  }
  frame.batch = shared_.builder.finish();
}

}  // namespace pelton::dispatch
