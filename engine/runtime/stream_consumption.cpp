// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/stream_consumption.h"

#include <utility>

namespace pelton::runtime {

void StreamConsumption::follow(StreamId stream, std::uint32_t partitions) {
  std::lock_guard lock(mutex_);
  stream_ = stream;
  partitions_ = partitions;
}

void StreamConsumption::set_readers(std::vector<BindingId> bindings) {
  std::lock_guard lock(mutex_);
  bindings_ = std::move(bindings);
}

Result<connector::Checkpoint> StreamConsumption::now() {
  std::lock_guard lock(mutex_);
  connector::Checkpoint checkpoint;
  checkpoint.ends.reserve(partitions_);
  for (std::uint32_t p = 0; p < partitions_; ++p) {
    auto bounds = store_.bounds({stream_, PartitionId{p}});
    if (!bounds) return std::unexpected(bounds.error());
    checkpoint.ends.push_back(bounds->end);
  }
  return checkpoint;
}

// Read from the database: what the store has in memory runs ahead of the disk.
Result<bool> StreamConsumption::settled(const connector::Checkpoint& checkpoint) {
  std::lock_guard lock(mutex_);
  for (const BindingId binding : bindings_) {
    for (std::uint32_t p = 0; p < checkpoint.ends.size(); ++p) {
      auto progress = store_.cursor(binding, {stream_, PartitionId{p}});
      if (!progress) return std::unexpected(progress.error());
      if (!*progress || (*progress)->settled < checkpoint.ends[p]) return false;
    }
  }
  return true;
}

}  // namespace pelton::runtime
