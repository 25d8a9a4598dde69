// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

namespace pelton {

// Who holds the memory.
enum class MemoryUse : std::uint8_t {
  unsettled,   // events of bindings that are not settled, and their retry histories
  outputs,     // what bindings have handed to the store and what is not durable yet
  read_ahead,  // batches that were read for a binding before it had room for them
  appends,     // transactions of sources and producers that wait for the store
  kafka,       // records that consumers fetched and no binding has taken
  keys,        // of durable calls, which requests with them are answered by
  tail,        // the newest events of embedded streams
};
inline constexpr std::array kMemoryUses{
    MemoryUse::unsettled, MemoryUse::outputs, MemoryUse::read_ahead, MemoryUse::appends,
    MemoryUse::kafka,     MemoryUse::keys,    MemoryUse::tail};
// The label in status and metrics.
std::string_view to_string(MemoryUse use);

// One limit, in bytes, for the events that an engine holds, shared by demand. Each use may always
// have a sixteenth of the limit, so that none is starved by the others; the rest goes to whoever
// asks first. The tail is a cache: it takes at most a quarter, and gives way to all others.
//
// Nothing is refused here. Whoever wants more asks room() and slows down when there is none: it
// reads nothing ahead, takes no transaction from outside, gives out no work that makes outputs. A
// holder that has nothing may always take one event or batch, so that everybody makes progress;
// the limit is exceeded by that at most. Batches are claimed once however many hold them
// (model::ClaimedBatch).
//
// Thread-safe and lock-free.
class MemoryBudget {
 public:
  // At least kLeast: with less, nothing works well.
  static constexpr std::uint64_t kLeast = 64U << 20;

  explicit MemoryBudget(std::uint64_t limit) : limit_(limit) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  std::uint64_t limit() const { return limit_; }
  std::uint64_t claimed(MemoryUse use) const {
    const std::int64_t bytes = at(use).load(std::memory_order_relaxed);
    return bytes > 0 ? static_cast<std::uint64_t>(bytes) : 0;
  }

  void claim(MemoryUse use, std::uint64_t bytes) {
    at(use).fetch_add(static_cast<std::int64_t>(bytes));
  }
  void give_back(MemoryUse use, std::uint64_t bytes);

  // Whether the use may have more. False: on_room's call comes once there is room again.
  bool room(MemoryUse use);
  // The same, of somebody who does not wait for it.
  bool has_room(MemoryUse use) const;
  // How large the tail may be now.
  std::uint64_t tail_limit() const;

  // Called on the thread that gave back enough, after room() was false for somebody: post on. Set
  // while no other thread claims or gives back.
  void on_room(std::function<void()> call) { on_room_ = std::move(call); }

 private:
  std::uint64_t reserve() const { return limit_ / 16; }
  // Of all but the tail, what is reserved included.
  std::uint64_t needed() const;
  std::atomic<std::int64_t>& at(MemoryUse use) { return claimed_[static_cast<std::size_t>(use)]; }
  const std::atomic<std::int64_t>& at(MemoryUse use) const {
    return claimed_[static_cast<std::size_t>(use)];
  }

  const std::uint64_t limit_;
  // Below 0 for a moment, when one thread gives back what another is about to claim.
  std::array<std::atomic<std::int64_t>, kMemoryUses.size()> claimed_{};
  std::atomic<bool> wanted_{false};  // somebody was told that there is no room
  std::function<void()> on_room_;
};

// One holder's claim on a budget, given back with it. Belongs to one thread at a time. Without a
// budget it counts, and there is always room.
class MemoryClaim {
 public:
  MemoryClaim() = default;
  MemoryClaim(MemoryBudget* budget, MemoryUse use) : budget_(budget), use_(use) {}
  ~MemoryClaim() { set(0); }
  MemoryClaim(MemoryClaim&& other) noexcept
      : budget_(other.budget_), use_(other.use_), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryClaim& operator=(MemoryClaim&& other) noexcept {
    set(0);
    budget_ = other.budget_;
    use_ = other.use_;
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }

  std::uint64_t bytes() const { return bytes_; }
  // From now on it holds so much.
  void set(std::uint64_t bytes);
  // Whether it may take one more event or batch.
  bool may_grow() const { return bytes_ == 0 || budget_ == nullptr || budget_->room(use_); }

 private:
  MemoryBudget* budget_ = nullptr;
  MemoryUse use_ = MemoryUse::unsettled;
  std::uint64_t bytes_ = 0;
};

// What `engine.memory` is when it is not set: a quarter of what this process may have (the
// machine's memory or, when that is less, its cgroup's limit), within these bounds.
inline constexpr std::uint64_t kMostDefaultMemory = 512U << 20;
std::uint64_t default_memory();

}  // namespace pelton
