// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/replay_delivery.h"

#include "engine/model/histories.h"

#include <utility>

namespace pelton::dispatch {
namespace {

// Of the events of dead letters that are being replayed: each is held as a whole.
constexpr std::uint64_t kMostReplayedBytes = 64U << 20;

}  // namespace

bool ReplayDelivery::begin(const model::DeadLetter& letter, LaneKey lane) {
  Replay* replay = shared_.replays.add(letter);
  if (replay == nullptr) return false;
  replay->lane = lane;
  if (shared_.index) replay->key = shared_.index->key_of(*letter.event, 0);
  ++shared_.totals.replayed;
  return true;
}

bool ReplayDelivery::room() const {
  return shared_.replays.size() < shared_.options.delivery.max_unsettled &&
         shared_.replays.bytes() < kMostReplayedBytes && shared_.replays.may_grow();
}

std::optional<model::Frame> ReplayDelivery::pull(WorkerId worker, WallTime now) {
  while (const auto id = shared_.replays.pop_ready()) {
    Replay& replay = shared_.replays.at(*id);
    const LaneKey lane = replay.lane;
    if (may_go(replay, now)) return give(replay, worker);
    // It left the lane to the next.
    if (Partition* partition = shared_.partitions.touch(id->partition))
      partition->queue.lanes().settle(lane);
  }
  return std::nullopt;
}

// One whose idempotency key was completed since it was buried is done. The lane comes first: an
// event that has the lane may wait for the key, so a letter must not hold the key while it waits
// for the lane.
bool ReplayDelivery::may_go(Replay& replay, WallTime now) {
  if (const Error* why = replay.letter.event->fault(0)) {
    add_attempt(replay.state, undecodable(*why, now));
    follow(replay, {.dead = true, .reason = kUndecodable, .counted = false}, now);
    return false;
  }
  if (replay.key && shared_.index->completed(replay.key->fingerprint, now)) {
    ++shared_.totals.deduplicated;
    remove_letter(replay);
    return false;
  }
  if (waits_for_lane(replay)) return false;
  return !replay.key || shared_.index->acquire(replay.key->fingerprint,
                                               {IdempotencyIndex::kReplay, replay.serial});
}

bool ReplayDelivery::waits_for_lane(const Replay& replay) {
  Partition* partition = shared_.partitions.touch(replay.letter.id.partition);
  if (partition == nullptr || replay.lane == 0 || partition->queue.lanes().is_free(replay.lane))
    return false;
  partition->queue.lanes().watch(true);
  shared_.replays.wait_for_lane(replay.letter.id, replay.lane);
  return true;
}

model::Frame ReplayDelivery::give(Replay& replay, WorkerId worker) {
  const model::DeadLetterId& id = replay.letter.id;
  model::Frame frame = shared_.new_frame(id.partition);
  replay.frame = frame.id;
  frame.base = id.offset;
  frame.batch = replay.letter.event;
  frame.attempts.push_back(replay.state.attempts + 1);
  frame.idempotency_keys.push_back(replay.letter.idempotency_key);
  Partition* partition = shared_.partitions.touch(id.partition);
  if (partition != nullptr && replay.lane != 0)
    partition->queue.lanes().occupy(replay.lane, frame.id);
  shared_.frames.give(worker, id);
  return frame;
}

// Between attempts it holds neither its lane nor its key.
void ReplayDelivery::leave_flight(Replay& replay) {
  const FrameId frame = std::exchange(replay.frame, FrameId{});
  if (replay.key) outcomes_.release_key(replay.key->fingerprint);
  Partition* partition = shared_.partitions.touch(replay.letter.id.partition);
  if (partition != nullptr && replay.lane != 0) partition->queue.lanes().vacate(replay.lane, frame);
}

void ReplayDelivery::finished(const model::DeadLetterId& id, WorkerId worker,
                              const model::FrameResult& result, WallTime now) {
  Replay& replay = shared_.replays.at(id);
  leave_flight(replay);
  if (result.not_done.empty()) return done(replay, result, now);
  const model::Failure& failure = result.not_done.front();
  if (failure.code == model::OutcomeCode::skipped) {
    ++shared_.totals.skipped;
    return shared_.replays.push_ready(id);
  }
  if (failure.counts) ++shared_.totals.failed_attempts;
  follow(replay, shared_.policy.failed(replay.state, failure, shared_.name_of(worker), now), now);
}

void ReplayDelivery::done(Replay& replay, const model::FrameResult& result, WallTime now) {
  shared_.totals.count_done(1, now);
  shared_.breaker.succeeded(1, 0, nullptr, now);
  outcomes_.append_outputs(result);
  if (replay.key) outcomes_.complete_keys({&replay.key->fingerprint, 1}, now);
  remove_letter(replay);
}

void ReplayDelivery::lost(const model::DeadLetterId& id, bool blamed, const model::WorkerLoss& loss,
                          WallTime now) {
  Replay& replay = shared_.replays.at(id);
  leave_flight(replay);
  if (!blamed) return shared_.replays.push_ready(id);
  ++shared_.totals.failed_attempts;
  follow(replay, shared_.policy.killed(replay.state, loss, now), now);
}

void ReplayDelivery::follow(Replay& replay, const Verdict& verdict, WallTime now) {
  if (!verdict.dead) return shared_.replays.delay(replay.letter.id, replay.state.next);
  model::DeadLetter letter = replay.letter;
  letter.time = now;
  letter.reason = verdict.reason;
  ++letter.replays;
  letter.retry.attempts += replay.state.attempts;
  letter.retry.worker_kills += replay.state.worker_kills;
  for (model::Attempt& attempt : replay.state.history)
    add_attempt(letter.retry, std::move(attempt));
  shared_.commits.transaction().dead_letters.push_back(std::move(letter));
  shared_.totals.count_letter(verdict.reason);
  end(replay);
}

void ReplayDelivery::remove_letter(Replay& replay) {
  shared_.commits.transaction().dead_letters_removed.push_back(replay.letter.id);
  end(replay);
}

void ReplayDelivery::end(Replay& replay) {
  const model::DeadLetterId id = replay.letter.id;
  shared_.commits.end_replay(id);
  shared_.replays.end(id);
}

}  // namespace pelton::dispatch
