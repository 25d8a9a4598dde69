// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/memory_budget.h"

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace pelton::kafka {

// What may have been fetched for the consumers that share it and not been taken by their bindings,
// in the client library and here, divided by the partitions that are assigned. Thread-safe.
class FetchBudget {
 public:
  // `memory`: the budget that it is a part of; null: none.
  explicit FetchBudget(std::size_t bytes, MemoryBudget* memory = nullptr)
      : bytes_(bytes), memory_(memory) {}
  FetchBudget(const FetchBudget&) = delete;
  FetchBudget& operator=(const FetchBudget&) = delete;

  void add_partition() { ++partitions_; }
  void remove_partition() { --partitions_; }
  // Of a consumer with so many of the partitions.
  std::size_t of(std::size_t partitions) const {
    return bytes_ / std::max<std::size_t>(1, partitions_) * partitions;
  }
  // A limit of the client library that is set before partitions are assigned: what one of them may
  // have waiting while there is room for it.
  std::size_t most_of_one() const { return std::clamp(bytes_ / 8, kLeast, kMostOfOne); }
  // What one answer of a broker may bring.
  std::size_t most_of_an_answer() const { return std::clamp(bytes_ / 4, kLeast, kMostOfAnAnswer); }
  MemoryBudget* memory() { return memory_; }

 private:
  static constexpr std::size_t kLeast = 1U << 20;
  static constexpr std::size_t kMostOfOne = 16U << 20;
  static constexpr std::size_t kMostOfAnAnswer = 32U << 20;

  const std::size_t bytes_;
  MemoryBudget* const memory_;
  std::atomic<std::size_t> partitions_{0};
};

}  // namespace pelton::kafka
