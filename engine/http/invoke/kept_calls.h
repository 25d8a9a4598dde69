// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/hash.h"
#include "engine/base/ids.h"
#include "engine/base/memory_budget.h"
#include "engine/http/invoke/result_keys.h"
#include "engine/http/invoke/stored_call.h"
#include "engine/model/batch.h"
#include "engine/net/message.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace pelton::http {

// The calls of one durable route: which of them are under way, where the results of the others are
// stored, and who waits for one. A key is remembered while its call is under way, and then for as
// long as its result is kept: as a 128-bit hash, some 60 bytes with what belongs to it, which are
// claimed of the engine's memory. It follows two streams, that of the calls and that of their
// results, of which it is a view: restored at a start, and kept up to date by result().
// Thread-safe.
class KeptCalls {
 public:
  // Both live longer; times do not step. Without a budget `keys` is the only limit.
  explicit KeptCalls(const Clock& clock, MemoryBudget* memory = nullptr)
      : clock_(clock), memory_(memory), claim_(memory, MemoryUse::keys) {}

  struct Limits {
    Duration keep{};             // results, from when they are stored
    std::size_t keys = 0;        // that are remembered
    std::size_t waiting = 4096;  // requests
  };
  // A request that waits for its result.
  struct Waiter {
    std::chrono::steady_clock::time_point deadline;
    // Called once, with the result's response or why there is none yet.
    std::move_only_function<void(net::Response)> reply;
    std::function<net::Response(CallFailure::Kind)> failed;
  };

  void set_limits(const Limits& limits);

  // ---- requests
  enum class Refusal {
    loading,        // what was stored before the start has not been read yet, or the engine stops
    under_way,      // the call with that key has no result yet
    other_request,  // the key came with another request
    full,           // too many keys are remembered
    memory,         // keys take as much of the engine's memory as they may
    waiting,        // too many requests wait
  };
  struct Stored {
    Offset result = 0;  // in the stream of results
  };
  struct Begun {};
  // `id` is that of the call that the request would begin; it does when Begun is returned, and the
  // waiter is kept.
  using Answer = std::variant<Begun, Stored, Refusal>;
  Answer begin(const std::optional<RequestKey>& key, const std::string& id, Waiter&& waiter);
  // The call was not stored after all. Its waiter goes back to the caller.
  std::optional<Waiter> withdraw(const std::optional<RequestKey>& key, const std::string& id);

  // ---- the streams
  // A call, as it was stored before the start.
  void restore(const model::Batch& calls, std::size_t event);
  // What is remembered of a result, as it was when it had become durable.
  void restore(const ResultKey& result);
  // A result became durable. Answers whoever waits for it. What is remembered of it; nothing: there
  // is no key, or it belongs to another call by now.
  std::optional<ResultKey> result(const model::Batch& results, std::size_t event, Offset offset);
  // The call was passed over by an operator: it will have no result.
  void passed_over(const model::Batch& calls, std::size_t event);
  // All that was stored before the start has been given to restore() and result().
  void loaded();
  bool is_loaded() const;

  // ---- time
  // Called when the first request waits; any thread.
  void on_waiting(std::function<void()> call);
  // Answers those that are overdue. False: nobody waits any more.
  bool look(std::chrono::steady_clock::time_point now);
  // Answers all that wait, and begins no more: the engine stops.
  void stop();

  struct Counts {
    std::size_t under_way = 0;  // with a key
    std::size_t results = 0;    // with a key
    std::size_t waiting = 0;    // requests
  };
  Counts counts();

 private:
  // Of a call without a result.
  struct UnderWay {
    std::uint64_t request = 0;  // hashes of the request and of the call's id
    std::uint64_t call = 0;
  };
  struct KeyHash {
    std::size_t operator()(const Hash128& key) const { return key.low; }
  };

  std::optional<Refusal> why_no_more() const;
  void expire();
  void claim();
  bool drop(const Hash128& key, std::uint64_t call);
  bool remember(const ResultKey& result);
  bool give_up(CallFailure::Kind why, std::chrono::steady_clock::time_point until);
  std::optional<Waiter> take(const std::string& id);

  const Clock& clock_;
  MemoryBudget* const memory_;
  mutable std::mutex mutex_;
  Limits limits_;  // guarded by mutex_, as is all below
  MemoryClaim claim_;
  boost::unordered_flat_map<Hash128, UnderWay, KeyHash> under_way_;  // by the keys' fingerprints
  ResultKeys results_;
  std::map<std::string, Waiter, std::less<>> waiters_;  // by the id of their call
  bool loaded_ = false;
  bool stopped_ = false;
  std::function<void()> on_waiting_;
};

}  // namespace pelton::http
