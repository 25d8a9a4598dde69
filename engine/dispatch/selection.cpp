// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/selection.h"

#include "engine/dispatch/window.h"

namespace pelton::dispatch {

void Selection::clear() {
  entries_.clear();
  looked_at_ = 0;
}

void Selection::take(std::uint32_t index, Offset offset) {
  ++looked_at_;
  entries_.push_back({index, offset});
}

bool Selection::sparse(const model::Batch& batch) const {
  if (entries_.size() == looked_at_) return false;
  std::uint64_t bytes = 0;
  for (const Entry& entry : entries_) bytes += payload(batch, entry.index);
  return 2 * bytes < batch.bytes().size() * looked_at_ / batch.size();
}

model::BatchPtr Selection::hold(const model::BatchPtr& offered) {
  if (!sparse(*offered)) return offered;
  const Offset first = entries_.front().offset;
  std::uint32_t copied = 0;
  for (Entry& entry : entries_) {
    builder_.add_at(*offered, entry.index, static_cast<std::uint32_t>(entry.offset - first));
    entry.index = copied++;
  }
  return builder_.finish();
}

}  // namespace pelton::dispatch
