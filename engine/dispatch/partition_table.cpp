// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/partition_table.h"

#include "engine/base/ensure.h"

#include <algorithm>

namespace pelton::dispatch {

void PartitionTable::add(std::unique_ptr<Partition> partition) {
  const PartitionId id = partition->id;
  const bool added = partitions_.emplace(id, std::move(partition)).second;
  ENSURE(added, "partition {} is assigned already", id.value);
}

void PartitionTable::remove(PartitionId partition) {
  const auto gone = partitions_.find(partition);
  std::erase(touched_, gone->second.get());
  partitions_.erase(gone);
}

const Partition* PartitionTable::find(PartitionId partition) const {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? nullptr : found->second.get();
}

Partition* PartitionTable::find(PartitionId partition) {
  return const_cast<Partition*>(std::as_const(*this).find(partition));
}

std::vector<const Partition*> PartitionTable::sorted() const {
  std::vector<const Partition*> all;
  for (const auto& [id, partition] : partitions_) all.push_back(partition.get());
  std::ranges::sort(all, {}, &Partition::id);
  return all;
}

Partition* PartitionTable::touch(PartitionId partition) {
  Partition* const touched = find(partition);
  if (touched == nullptr) return nullptr;
  if (!std::exchange(touched->touched, true)) touched_.push_back(touched);
  return touched;
}

}  // namespace pelton::dispatch
