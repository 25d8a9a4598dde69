// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/embedded/append_feed.h"

#include <utility>

namespace pelton::stream {

AppendFeed::AppendFeed(thread::Mailbox& mailbox,
                       std::function<void(const model::PlacedBatch&)> fresh,
                       std::function<void(model::StreamPartition, Offset)> moved,
                       MemoryBudget* memory)
    : mailbox_(mailbox),
      fresh_(std::move(fresh)),
      moved_(std::move(moved)),
      held_(memory, MemoryUse::read_ahead) {}

void AppendFeed::listen_to(std::set<StreamId> streams) {
  std::lock_guard lock(mutex_);
  streams_ = std::move(streams);
}

void AppendFeed::appended(std::span<const model::PlacedBatch> batches) {
  {
    std::lock_guard lock(mutex_);
    for (const model::PlacedBatch& placed : batches) {
      if (!streams_.contains(placed.at.stream)) continue;
      const std::uint64_t bytes = held_.bytes() + placed.batch->memory();
      // The batches of a partition come without gaps.
      if (ends_.empty() && bytes <= kMaxBytes && held_.may_grow()) {
        batches_.push_back(placed);
        held_.set(bytes);
      } else {
        ends_[placed.at] = placed.base + placed.batch->span();
      }
    }
    if ((batches_.empty() && ends_.empty()) || std::exchange(scheduled_, true)) return;
  }
  mailbox_.post([this] { deliver(); });
}

void AppendFeed::deliver() {
  std::vector<model::PlacedBatch> batches;
  std::map<model::StreamPartition, Offset> ends;
  {
    std::lock_guard lock(mutex_);
    batches.swap(batches_);
    ends.swap(ends_);
    held_.set(0);
    scheduled_ = false;
  }
  for (const model::PlacedBatch& placed : batches) fresh_(placed);
  for (const auto& [at, end] : ends) moved_(at, end);
}

}  // namespace pelton::stream
