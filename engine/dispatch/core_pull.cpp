// SPDX-License-Identifier: Apache-2.0
// How a frame comes together.
#include "engine/base/ensure.h"
#include "engine/dispatch/core.h"

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

}  // namespace

// A frame being put together.
struct Dispatcher::Core::Picking {
  FrameId frame;
  model::FrameLimits limits;
  std::vector<Position> slots;
  std::uint64_t bytes = 0;
  Offset first = 0;       // offset of the first event taken
  bool suspects = false;  // only suspects go in
  bool closed = false;    // nothing more goes in
  bool full() const { return closed || slots.size() >= limits.events || bytes >= limits.bytes; }
};

std::optional<model::Frame> Dispatcher::Core::pull(WorkerId worker,
                                                   const model::FrameLimits& limits, WallTime now,
                                                   Commits& out) {
  if (!pending_.room()) return std::nullopt;
  std::optional<model::Frame> frame = pull_replay(worker, now);
  const model::FrameLimits both{
      std::max(1U, std::min(limits.events, options.delivery.batch.events)),
      std::max<std::uint64_t>(1, std::min(limits.bytes, options.delivery.batch.bytes))};
  for (std::size_t tried = 0; !frame && tried < partitions_.size(); ++tried) {
    turn_ = (turn_ + 1) % partitions_.size();
    Partition& partition =
        *std::next(partitions_.begin(), static_cast<std::ptrdiff_t>(turn_))->second;
    if (can_pull(partition, now)) frame = pull_partition(partition, worker, both, now);
  }
  emit(out);
  return frame;
}

std::optional<model::Frame> Dispatcher::Core::pull_partition(Partition& partition, WorkerId worker,
                                                             const model::FrameLimits& limits,
                                                             WallTime now) {
  Picking picking{.frame = FrameId{next_frame_}, .limits = limits, .slots = {}};
  // Again when all that was looked at is settled or parked now, which may have let others go.
  do {
    pick_ready(partition, picking, now);
    if (!picking.full() && partition.has_new() && window_open(partition, now))
      pick_new(partition, picking, now);
  } while (picking.slots.empty() && can_pull(partition, now));
  std::optional<model::Frame> frame;
  if (!picking.slots.empty()) {
    ++next_frame_;
    frame = build(partition, std::move(picking), worker);
  }
  free_slots(partition);
  return frame;
}

void Dispatcher::Core::pick_ready(Partition& partition, Picking& picking, WallTime now) {
  // A lane that cannot go now comes back through its own events, so each is looked at once.
  for (std::size_t left = partition.lanes.ready(); left > 0 && !picking.full(); --left)
    pick_lane(partition, partition.lanes.pop_ready(), picking, now);
}

void Dispatcher::Core::pick_lane(Partition& partition, LaneKey key, Picking& picking,
                                 WallTime now) {
  for (;;) {
    Lane* lane = partition.lanes.find(key);
    // A replay may have taken the lane since it became ready.
    if (lane == nullptr || lane->held() || !lane->waiting() || picking.full() ||
        (lane->in_flight > 0 && lane->owner != picking.frame))
      break;
    const Position position = Lanes::pop(*lane, partition.linker());
    --partition.waiting;
    Slot& slot = partition.window.at(position);
    slot.state = SlotState::pending;
    const Fit fits = fit(partition, position, slot, picking, now);
    if (fits == Fit::gone) continue;
    if (fits == Fit::goes) {
      take(position, slot, lane, picking);
      continue;
    }
    wait(partition, *lane, position);
    picking.closed = true;
  }
  Lane* lane = partition.lanes.find(key);
  if (lane != nullptr && picking.closed && lane->in_flight == 0 && !lane->held() &&
      lane->waiting() && !lane->ready)
    return partition.lanes.push_ready_front(key);
  partition.lanes.settle(key);
}

void Dispatcher::Core::pick_new(Partition& partition, Picking& picking, WallTime now) {
  for (; partition.has_new() && !picking.full(); ++partition.pick) {
    const Position position = partition.pick;
    Slot& slot = partition.window.at(position);
    if (slot.index == 0 && !picking.slots.empty() &&
        std::max(picking.slots.size(), slot.batch().size()) >= kWholeBatch)
      break;
    Lane* lane = slot.lane == 0 ? nullptr : &partition.lanes.get(slot.lane);
    if (lane != nullptr && !lane->joins(picking.frame)) {
      wait(partition, *lane, position);
    } else {
      const Fit fits = fit(partition, position, slot, picking, now);
      if (fits == Fit::goes) {
        take(position, slot, lane, picking);
      } else {
        partition.lanes.settle(slot.lane);
        if (fits == Fit::later) break;
      }
    }
    if (options.delivery.batch.wait > Duration{0}) partition.new_bytes -= payload(slot);
  }
}

// Whether the event, first of its lane, goes into the frame. `gone`: it is settled or parked now.
Dispatcher::Core::Fit Dispatcher::Core::fit(Partition& partition, Position position,
                                            const Slot& slot, Picking& picking, WallTime now) {
  const std::uint64_t bytes = payload(slot);
  if (bytes > kMaxEventBytes) {
    bury(partition, position, "too_large", now);
    return Fit::gone;
  }
  if (picking.slots.empty()) {
    picking.first = slot.offset;
  } else if (picking.bytes + bytes > picking.limits.bytes ||
             std::abs(slot.offset - picking.first) >= kMaxSpan / 2) {
    return Fit::later;
  }
  if (!partition.suspects.empty()) {
    const Fit fits = fit_suspect(partition, slot, picking);
    if (fits != Fit::goes) return fits;
  }
  if (index_ && blocked_by_key(partition, position, now)) return Fit::gone;
  if (!partition.retries.empty()) {
    const Fit fits = fit_history(partition, position, slot, picking, now);
    if (fits != Fit::goes) return fits;
  }
  picking.bytes += bytes;
  return Fit::goes;
}

Dispatcher::Core::Fit Dispatcher::Core::fit_history(Partition& partition, Position position,
                                                    const Slot& slot, Picking& picking,
                                                    WallTime now) {
  const model::RetryState* retry = partition.retries.find(slot.offset);
  if (retry == nullptr) return Fit::goes;
  if (retry->next > now) {
    park(partition, position, retry->next);
    return Fit::gone;
  }
  // An event that has ended a worker goes alone, so that nothing else is harmed by it.
  if (!ended_a_worker(*retry)) return Fit::goes;
  if (!picking.slots.empty()) return Fit::later;
  picking.closed = true;
  return Fit::goes;
}

// Suspects share no frame with others, or these would become suspects as well.
Dispatcher::Core::Fit Dispatcher::Core::fit_suspect(const Partition& partition, const Slot& slot,
                                                    Picking& picking) {
  const auto suspect = partition.suspects.find(slot.offset);
  const bool suspected = suspect != partition.suspects.end();
  if (picking.slots.empty()) picking.suspects = suspected;
  if (picking.suspects != suspected) return Fit::later;
  if (!suspected) return Fit::goes;
  if (picking.slots.size() >= suspect->second) return Fit::later;
  picking.limits.events = std::min(picking.limits.events, suspect->second);
  return Fit::goes;
}

void Dispatcher::Core::take(Position position, Slot& slot, Lane* lane, Picking& picking) {
  if (lane != nullptr) {
    lane->owner = picking.frame;
    ++lane->in_flight;
  }
  slot.state = SlotState::in_flight;
  picking.slots.push_back(position);
}

// An event whose idempotency key is completed is done without an invocation; one whose key is on
// its way with another event waits for it.
bool Dispatcher::Core::blocked_by_key(Partition& partition, Position position, WallTime now) {
  const auto key = partition.keys.find(partition.window.at(position).offset);
  if (key == partition.keys.end()) return false;
  if (index_->completed(key->second.fingerprint, now)) {
    ++totals.deduplicated;
    settle(partition, position);
    return true;
  }
  if (index_->acquire(key->second.fingerprint, {partition.id.value, position})) return false;
  park(partition, position, WallTime::max());
  return true;
}

model::Frame Dispatcher::Core::build(Partition& partition, Picking&& picking, WorkerId worker) {
  // Events out of ready lanes come in the order of their lanes; a frame is in the order of its
  // offsets.
  if (!std::ranges::is_sorted(picking.slots)) std::ranges::sort(picking.slots);
  model::Frame frame;
  frame.id = picking.frame;
  frame.binding = options.binding;
  frame.stream = options.stream;
  frame.partition = partition.id;
  frame.order = options.delivery.order;
  fill_batch(partition, picking.slots, frame);
  if (!partition.retries.empty()) {
    for (const Position position : picking.slots) {
      const auto* retry = partition.retries.find(partition.window.at(position).offset);
      frame.attempts.push_back(retry == nullptr ? 1 : retry->attempts + 1);
    }
    if (std::ranges::all_of(frame.attempts, [](std::uint32_t n) { return n == 1; }))
      frame.attempts.clear();
  }
  frame.key_prefix = partition.key_prefix;
  if (index_)
    for (const Position position : picking.slots)
      frame.idempotency_keys.push_back(
          idempotency_key(partition, partition.window.at(position).offset));
  partition.in_flight += picking.slots.size();
  in_flight += picking.slots.size();
  frames_.emplace(frame.id,
                  Open{worker, partition.id, std::move(picking.slots), 0, std::nullopt, {}});
  return frame;
}

void Dispatcher::Core::fill_batch(Partition& partition, const std::vector<Position>& slots,
                                  model::Frame& frame) {
  const Slot& first = partition.window.at(slots.front());
  const Slot& last = partition.window.at(slots.back());
  frame.base = first.offset;
  // One batch may have been appended twice, so its address alone does not tell where an event
  // stands.
  if (slots.size() == first.batch().size() && &last.batch() == &first.batch() && first.index == 0 &&
      last.offset - first.offset == first.batch().span() - 1 - first.batch().delta(0)) {
    frame.base = first.offset - first.batch().delta(0);
    frame.batch = partition.window.batch_at(slots.front());
    return;
  }
  const bool consecutive = last.offset - first.offset == static_cast<Offset>(slots.size()) - 1;
  for (std::size_t i = 0; i < slots.size();) {
    const Slot& slot = partition.window.at(slots[i]);
    if (!consecutive) {
      builder_.add_at(slot.batch(), slot.index,
                      static_cast<std::uint32_t>(slot.offset - frame.base));
      ++i;
      continue;
    }
    std::size_t run = 1;
    while (i + run < slots.size() && slot.index + run < slot.batch().size() &&
           partition.window.at(slots[i + run]).held == slot.held)
      ++run;
    builder_.add_range(slot.batch(), slot.index, run);
    i += run;
  }
  frame.batch = builder_.finish();
}

std::string Dispatcher::Core::idempotency_key(const Partition& partition, Offset offset) const {
  const auto key = partition.keys.find(offset);
  if (key != partition.keys.end()) return key->second.text;
  return partition.key_prefix + std::to_string(offset);
}

}  // namespace pelton::dispatch
