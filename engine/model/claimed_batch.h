// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/memory_budget.h"
#include "engine/model/batch.h"

#include <utility>

namespace pelton::model {

// A batch that somebody holds, as a claim on the engine's memory that ends with it. However many
// hold a batch, its bytes are claimed once, for the first of these uses that has it: unsettled,
// read_ahead, kafka, tail. So a cache that keeps what is held anyway takes nothing of its own.
//
// All holders of a batch share one budget; without a budget nothing is claimed. At most 65,535
// holders for each use. Belongs to one thread at a time; those of one batch may be on several.
class ClaimedBatch {
 public:
  ClaimedBatch() = default;
  // `use` is one of those four.
  ClaimedBatch(BatchPtr batch, MemoryBudget* budget, MemoryUse use);
  ~ClaimedBatch() { reset(); }
  ClaimedBatch(ClaimedBatch&& other) noexcept
      : batch_(std::move(other.batch_)), budget_(other.budget_), use_(other.use_) {}
  ClaimedBatch& operator=(ClaimedBatch&& other) noexcept {
    reset();
    batch_ = std::move(other.batch_);
    budget_ = other.budget_;
    use_ = other.use_;
    return *this;
  }

  // To hand it on.
  const BatchPtr& batch() const { return batch_; }
  const Batch& operator*() const { return *batch_; }
  const Batch* operator->() const { return batch_.get(); }
  explicit operator bool() const { return batch_ != nullptr; }
  void reset();

 private:
  void add(std::uint64_t holders) const;

  BatchPtr batch_;
  MemoryBudget* budget_ = nullptr;
  MemoryUse use_ = MemoryUse::unsettled;
};

}  // namespace pelton::model
