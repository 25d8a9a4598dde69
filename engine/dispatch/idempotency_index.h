// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/idempotency.h"
#include "engine/dispatch/expression.h"
#include "engine/dispatch/fingerprint_set.h"
#include "engine/dispatch/key_usage.h"
#include "engine/model/records.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pelton::dispatch {

// An event's custom idempotency key.
struct IdempotencyKey {
  Hash128 fingerprint;
  std::string text;
};

// The keys that a binding has completed, and those that are on their way. One thread. Completed
// keys are remembered by generations (model::remembered_since), at most 24 bytes each. When those
// of one generation take half of the memory that the options allow, the older generation is
// forgotten early.
class IdempotencyIndex {
 public:
  explicit IdempotencyIndex(const config::Idempotency& options) : options_(options) {}

  // The event's key; nothing when a field of it is absent.
  std::optional<IdempotencyKey> key_of(const model::Batch& batch, std::size_t i);

  // Begins to load what completed() looks at. With many keys it waits for the memory otherwise.
  void prefetch(const Hash128& fingerprint) const;
  bool completed(const Hash128& fingerprint, WallTime now);
  // Times that go back count as the latest one.
  void complete(std::span<const Hash128> fingerprints, WallTime time);
  KeyUsage usage() const;

  // An event that holds a key or waits for it.
  struct Waiter {
    std::uint32_t partition = 0;  // kReplay: a dead letter that is delivered again
    std::uint64_t position = 0;
    friend bool operator==(const Waiter&, const Waiter&) = default;
  };
  static constexpr std::uint32_t kReplay = UINT32_MAX;
  // True: the caller has the key now. False: another event has it; release() will name the caller.
  bool acquire(const Hash128& fingerprint, const Waiter& caller);
  // Lets go of the key; the events that wait for it, in the order in which they came.
  std::vector<Waiter> release(const Hash128& fingerprint);
  // Forgets whatever a partition holds or waits for.
  std::vector<Waiter> forget(std::uint32_t partition);

 private:
  struct Hash {
    std::size_t operator()(const Hash128& value) const noexcept { return value.low; }
  };
  struct Holder {
    Waiter owner;
    std::vector<Waiter> waiters;
  };
  void advance(WallTime now);
  void begin_generation();
  void complete(const Hash128& fingerprint);

  const config::Idempotency options_;
  FieldReader reader_;
  FingerprintSet current_;
  FingerprintSet previous_;
  FingerprintSet forgotten_;  // its memory is given back little by little
  WallTime ends_{};           // of the current generation
  std::uint64_t forgotten_early_ = 0;
  boost::unordered_flat_map<Hash128, Holder, Hash> held_;
};

}  // namespace pelton::dispatch
