// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/shared.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pelton::dispatch {

// What follows from the outcome of an event: it is settled, parked until its next attempt or
// buried as a dead letter; its outputs and its idempotency key go with it into the commit of the
// call. One thread.
class Outcomes {
 public:
  explicit Outcomes(Shared& shared) : shared_(shared) {}

  // A result for the events of a frame, which are at `slots`; `worker` answered.
  void take(Partition& partition, const std::vector<Position>& slots, WorkerId worker,
            model::FrameResult&& result, WallTime now);
  // The worker ended before it had answered for the events from `first` on. `blamed`: the index of
  // the one that ended it. The others come again, and no attempt is used.
  void lose(Partition& partition, const std::vector<Position>& slots, std::uint32_t first,
            std::optional<std::uint32_t> blamed, const model::WorkerLoss& loss, WallTime now);
  // The events from `first` on were not begun and come again.
  static void give_back(Partition& partition, const std::vector<Position>& slots,
                        std::uint32_t first);
  // One of these events ended the worker, nobody knows which.
  static void suspect(Partition& partition, const std::vector<Position>& slots,
                      std::uint32_t first);

  // Settles an event without an invocation.
  void settle(Partition& partition, Position position) { settle(partition, position, false); }
  // Without another attempt.
  void bury(Partition& partition, Position position, const std::string& reason, WallTime now) {
    bury(partition, position, {.dead = true, .reason = reason, .counted = false}, now);
  }
  // It could not be decoded.
  void bury_undecodable(Partition& partition, Position position, const Error& why, WallTime now);
  // The offset is settled: what is known of its attempts is to be forgotten.
  void forget_retry(Partition& partition, Offset offset) { forget_retry(partition, offset, false); }

  // ---- of any event, a dead letter that is replayed included
  void append_outputs(const model::FrameResult& result);
  // The events that have the keys are done: the keys are completed, and those that wait for them
  // may go.
  void complete_keys(std::span<const Hash128> fingerprints, WallTime now);
  // The key is nobody's: those that wait for it may go.
  void release_key(const Hash128& fingerprint);
  void unblock(const std::vector<IdempotencyIndex::Waiter>& waiters);

 private:
  // One of these events failed, nobody knows which.
  static void narrow_down(Partition& partition, const std::vector<Position>& slots,
                          std::uint32_t first, std::uint32_t count);
  void tell_breaker(const Partition& partition, const std::vector<Position>& slots,
                    const model::FrameResult& result, WallTime now);
  static bool first_attempt(const Partition& partition, Offset offset);
  void done(Partition& partition, const std::vector<Position>& slots, std::uint32_t from,
            std::uint32_t to, WallTime now);
  void count_ages(const Partition& partition, const std::vector<Position>& slots,
                  std::uint32_t from, std::uint32_t to, WallTime now);
  void failed(Partition& partition, Position position, const model::Failure& failure,
              const std::string& worker, WallTime now);
  void follow(Partition& partition, Position position, const Verdict& verdict, WallTime now);
  void bury(Partition& partition, Position position, const Verdict& verdict, WallTime now);
  // `history`: what is stored of the event's attempts belongs to a dead letter.
  void settle(Partition& partition, Position position, bool history);
  void forget_retry(Partition& partition, Offset offset, bool history);

  Shared& shared_;
  std::vector<Hash128> done_keys_;  // of the results at hand
  std::uint32_t keyless_ = 0;       // where the next outputs without a key go
};

}  // namespace pelton::dispatch
