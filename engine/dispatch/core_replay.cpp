// SPDX-License-Identifier: Apache-2.0
// Dead letters delivered again: events of their own, outside the windows.
#include "engine/dispatch/core.h"

#include <algorithm>
#include <utility>

namespace pelton::dispatch {
namespace {

// Of the events of dead letters that are being replayed: each is held as a whole.
constexpr std::uint64_t kMostReplayedBytes = 64U << 20;

}  // namespace

bool Dispatcher::Core::replay(const model::DeadLetter& letter) {
  Replay* replay = replays_.add(letter);
  if (replay == nullptr) return false;
  replay->lane = lane_of(*letter.event, 0);
  if (index_) replay->key = index_->key_of(*letter.event, 0);
  ++totals.replayed;
  return true;
}

bool Dispatcher::Core::replay_room() const {
  return replays_.size() < options.delivery.max_unsettled &&
         replays_.bytes() < kMostReplayedBytes && replays_.may_grow();
}

std::optional<model::Frame> Dispatcher::Core::pull_replay(WorkerId worker, WallTime now) {
  while (const auto id = replays_.pop_ready()) {
    Replay& replay = replays_.at(*id);
    const LaneKey lane = replay.lane;
    if (may_go(replay, now)) return frame_of(replay, worker);
    // It left the lane to the next.
    if (Partition* partition = find(id->partition)) lane_moved(*partition, lane);
  }
  return std::nullopt;
}

// A letter goes behind those of its key that are in flight or parked, and holds back those that
// come. One whose idempotency key was completed since it was buried is done. The lane comes first:
// an event that has the lane may wait for the key, so a letter must not hold the key while it waits
// for the lane.
bool Dispatcher::Core::may_go(Replay& replay, WallTime now) {
  if (replay.key && index_->completed(replay.key->fingerprint, now)) {
    ++totals.deduplicated;
    end_replay(replay);
    return false;
  }
  if (Partition* partition = find(replay.letter.id.partition); partition && replay.lane != 0) {
    const Lane* lane = partition->lanes.find(replay.lane);
    if (lane != nullptr && (lane->in_flight > 0 || lane->held())) {
      replays_.wait_for_lane(replay.letter.id, replay.lane);
      return false;
    }
  }
  return !replay.key ||
         index_->acquire(replay.key->fingerprint, {IdempotencyIndex::kReplay, replay.serial});
}

model::Frame Dispatcher::Core::frame_of(Replay& replay, WorkerId worker) {
  const model::DeadLetterId& id = replay.letter.id;
  model::Frame frame;
  frame.id = replay.frame = FrameId{next_frame_++};
  frame.binding = options.binding;
  frame.stream = options.stream;
  frame.partition = id.partition;
  frame.base = id.offset;
  frame.order = options.delivery.order;
  frame.batch = replay.letter.event;
  frame.attempts.push_back(replay.state.attempts + 1);
  frame.idempotency_keys.push_back(replay.letter.idempotency_key);
  if (Partition* partition = find(id.partition); partition != nullptr && replay.lane != 0) {
    Lane& lane = partition->lanes.get(replay.lane);
    lane.owner = frame.id;
    lane.in_flight = 1;
  }
  ++in_flight;
  frames_.emplace(frame.id, Open{worker, id.partition, {}, 0, id, {}});
  return frame;
}

// Between attempts it holds neither its lane nor its key.
void Dispatcher::Core::leave_flight(Replay& replay) {
  const FrameId frame = std::exchange(replay.frame, FrameId{});
  --in_flight;
  if (replay.key) release_key(replay.key->fingerprint);
  Partition* partition = find(replay.letter.id.partition);
  if (partition == nullptr || replay.lane == 0) return;
  Lane* lane = partition->lanes.find(replay.lane);
  // Absent, or another's, when the partition was let go and assigned again meanwhile.
  if (lane == nullptr || lane->owner != frame || lane->in_flight == 0) return;
  --lane->in_flight;
  lane_moved(*partition, replay.lane);
}

void Dispatcher::Core::finish_replay(const model::DeadLetterId& id, WorkerId worker,
                                     model::FrameResult&& result, WallTime now) {
  Replay& replay = replays_.at(id);
  leave_flight(replay);
  if (result.not_done.empty()) {
    ++totals.done;
    append_outputs(result.outputs);
    if (replay.key) complete_key(replay.key->fingerprint, now);
    return end_replay(replay);
  }
  const model::Failure& failure = result.not_done.front();
  if (failure.code == model::OutcomeCode::skipped) {
    ++totals.skipped;
    return replays_.push_ready(id);
  }
  if (failure.counts) ++totals.failed_attempts;
  fail_replay(replay, policy_.failed(replay.state, failure, name_of(worker), now), now);
}

void Dispatcher::Core::lose_replay(const model::DeadLetterId& id, const model::WorkerLoss* blame,
                                   WallTime now) {
  Replay& replay = replays_.at(id);
  leave_flight(replay);
  if (blame == nullptr) return replays_.push_ready(id);
  ++totals.failed_attempts;
  fail_replay(replay, policy_.killed(replay.state, *blame, now), now);
}

// The letter is put back with what happened added to its history.
void Dispatcher::Core::fail_replay(Replay& replay, const Verdict& verdict, WallTime now) {
  if (!verdict.dead) return replays_.delay(replay.letter.id, replay.state.next);
  model::DeadLetter letter = replay.letter;
  letter.time = now;
  letter.reason = verdict.reason;
  ++letter.replays;
  letter.retry.attempts += replay.state.attempts;
  letter.retry.worker_kills += replay.state.worker_kills;
  for (model::Attempt& attempt : replay.state.history)
    add_attempt(letter.retry, std::move(attempt));
  change_.transaction.dead_letters.push_back(std::move(letter));
  totals.count_letter(verdict.reason);
  forget_replay(replay);
}

void Dispatcher::Core::end_replay(Replay& replay) {
  change_.transaction.dead_letters_removed.push_back(replay.letter.id);
  forget_replay(replay);
}

void Dispatcher::Core::forget_replay(Replay& replay) {
  const model::DeadLetterId id = replay.letter.id;
  change_.replays_ended.push_back(id);
  replays_.end(id);
}

}  // namespace pelton::dispatch
