// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch.h"
#include "engine/model/batch_builder.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace pelton::dispatch {

// What of an offered batch goes into the window: by far the most of it, as a rule, but of a filter
// that passes little. Reused from batch to batch.
class Selection {
 public:
  struct Entry {
    std::uint32_t index = 0;  // in the batch
    Offset offset = 0;
  };

  void clear();
  // The next event is looked at, and taken or not.
  void take(std::uint32_t index, Offset offset);
  void skip() { ++looked_at_; }

  bool empty() const { return entries_.empty(); }
  // The batch to hold for them: the offered one, or, when that would be held for little, a copy of
  // what was taken; then the indices are of that.
  model::BatchPtr hold(const model::BatchPtr& offered);
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  bool sparse(const model::Batch& batch) const;

  std::vector<Entry> entries_;
  std::uint32_t looked_at_ = 0;
  model::BatchBuilder builder_;
};

}  // namespace pelton::dispatch
