// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/embedded/append_feed.h"

#include <utility>

namespace pelton::stream {

void AppendFeed::add(Reader& reader) {
  readers_.push_back(&reader);
  listen();
}

void AppendFeed::remove(Reader& reader) {
  if (std::erase(readers_, &reader) > 0) listen();
}

void AppendFeed::listen() {
  std::set<StreamId> streams;
  for (const Reader* reader : readers_) streams.insert(reader->stream());
  std::lock_guard lock(mutex_);
  streams_ = std::move(streams);
}

void AppendFeed::appended(std::span<const model::PlacedBatch> batches) {
  {
    std::lock_guard lock(mutex_);
    for (const model::PlacedBatch& placed : batches) {
      if (!streams_.contains(placed.at.stream)) continue;
      // The batches of a partition come without gaps.
      if (!ends_.empty() || !keep(placed)) ends_[placed.at] = placed.base + placed.batch->span();
    }
    if ((batches_.empty() && ends_.empty()) || std::exchange(scheduled_, true)) return;
  }
  mailbox_.post([this] { deliver(); });
}

bool AppendFeed::keep(const model::PlacedBatch& placed) {
  const std::uint64_t bytes = bytes_ + placed.batch->memory();
  if (bytes > kMaxBytes) return false;
  if (!batches_.empty() && memory_ != nullptr && !memory_->room(MemoryUse::read_ahead))
    return false;
  batches_.push_back({placed, {placed.batch, memory_, MemoryUse::read_ahead}});
  bytes_ = bytes;
  return true;
}

void AppendFeed::deliver() {
  std::vector<Kept> batches;
  std::map<model::StreamPartition, Offset> ends;
  {
    std::lock_guard lock(mutex_);
    batches.swap(batches_);
    ends.swap(ends_);
    bytes_ = 0;
    scheduled_ = false;
  }
  for (const Kept& kept : batches)
    for (Reader* reader : readers_)
      if (reader->stream() == kept.placed.at.stream) reader->appended(kept.placed);
  for (const auto& [at, end] : ends)
    for (Reader* reader : readers_)
      if (reader->stream() == at.stream) reader->end_moved(at.partition, end);
}

}  // namespace pelton::stream
