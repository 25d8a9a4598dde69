// SPDX-License-Identifier: Apache-2.0
// Dead letters delivered again: events of their own, outside the windows.
#include <utility>

#include "engine/dispatch/core.h"

namespace pelton::dispatch {

bool Dispatcher::Core::replay(const store::DeadLetter& letter, WallTime now) {
  if (replays_.contains(letter.id)) return false;
  Replay replay;
  replay.letter = letter;
  replay.lane = lane_of(*letter.event, 0);
  if (index_) replay.key = index_->key_of(*letter.event, 0);
  const bool completed = replay.key && index_->completed(replay.key->fingerprint, now);
  replays_.emplace(letter.id, std::move(replay));
  ++totals.replayed;
  if (completed) {
    ++totals.deduplicated;
    end_replay(letter.id);
  }
  return true;
}

std::optional<Frame> Dispatcher::Core::pull_replay(WorkerId worker, WallTime now) {
  for (auto& [id, replay] : replays_) {
    if (replay.frame != FrameId{} || replay.due > now) continue;
    if (!enter_replay_lane(replay, FrameId{next_frame_})) continue;
    replay.frame = FrameId{next_frame_++};
    Frame frame;
    frame.id = replay.frame;
    frame.binding = options.binding;
    frame.stream = options.stream;
    frame.partition = id.partition;
    frame.base = id.offset;
    frame.order = options.order;
    frame.batch = replay.letter.event;
    frame.attempts.push_back(replay.state.attempts + 1);
    frame.idempotency_keys.push_back(replay.letter.idempotency_key);
    ++in_flight;
    frames_.emplace(frame.id, Open{worker, id.partition, {}, 0, id});
    return frame;
  }
  return std::nullopt;
}

// A letter goes behind those of its key that are in flight or parked, and holds back those that come.
bool Dispatcher::Core::enter_replay_lane(Replay& replay, FrameId frame) {
  Partition* partition = find(replay.letter.id.partition);
  if (partition == nullptr || replay.lane == 0) return true;
  Lane& lane = partition->lanes.get(replay.lane);
  if (lane.in_flight > 0 || lane.parked) return false;
  lane.owner = frame;
  lane.in_flight = 1;
  return true;
}

void Dispatcher::Core::leave_replay_lane(const Replay& replay) {
  Partition* partition = find(replay.letter.id.partition);
  if (partition == nullptr || replay.lane == 0) return;
  Lane* lane = partition->lanes.find(replay.lane);
  // Absent, or another's, when the partition was let go and assigned again meanwhile.
  if (lane == nullptr || lane->owner != replay.frame || lane->in_flight == 0) return;
  --lane->in_flight;
  partition->lanes.settle(replay.lane);
}

void Dispatcher::Core::finish_replay(const store::DeadLetterId& id, FrameResult&& result,
                                     WallTime now) {
  Replay& replay = replays_.at(id);
  leave_replay_lane(replay);
  replay.frame = {};
  if (result.not_done.empty()) {
    ++totals.done;
    append_outputs(result.outputs);
    if (replay.key) {
      index_->complete(replay.key->fingerprint, now);
      change_.transaction.idempotency.push_back(
          {options.id,
           {replay.key->fingerprint, now, id.partition, id.offset, outputs_of(result, 0)}});
    }
    return end_replay(id);
  }
  const Failure& failure = result.not_done.front();
  if (failure.code == OutcomeCode::skipped) return;
  if (failure.counts) ++totals.failed_attempts;
  const std::string worker = options.function;
  fail_replay(replay, policy_.failed(replay.state, failure, worker, now), now);
}

void Dispatcher::Core::lose_replay(const store::DeadLetterId& id, const WorkerLoss* blame,
                                   WallTime now) {
  Replay& replay = replays_.at(id);
  leave_replay_lane(replay);
  replay.frame = {};
  if (blame == nullptr) return;
  ++totals.failed_attempts;
  fail_replay(replay, policy_.killed(replay.state, *blame, now), now);
}

void Dispatcher::Core::fail_replay(Replay& replay, const Verdict& verdict, WallTime now) {
  if (!verdict.dead) {
    replay.due = replay.state.next;
    return;
  }
  store::DeadLetter letter = std::move(replay.letter);
  letter.time = now;
  letter.reason = verdict.reason;
  ++letter.replays;
  letter.history.attempts += replay.state.attempts;
  letter.history.worker_kills += replay.state.worker_kills;
  auto& history = letter.history.history;
  for (store::Attempt& attempt : replay.state.history) history.push_back(std::move(attempt));
  if (history.size() > store::kMaxHistory)
    history.erase(history.begin(), history.end() - store::kMaxHistory);
  replays_.erase(letter.id);
  change_.transaction.dead_letters.push_back(std::move(letter));
  ++totals.dead_letters;
}

void Dispatcher::Core::end_replay(const store::DeadLetterId& id) {
  change_.transaction.dead_letters_removed.push_back(id);
  replays_.erase(id);
}

}  // namespace pelton::dispatch
