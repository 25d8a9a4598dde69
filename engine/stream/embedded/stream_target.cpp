// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/embedded/stream_target.h"

#include <utility>

namespace pelton::stream {

model::Transaction StreamTarget::append(const model::BatchPtr& batch,
                                        std::optional<PartitionId> partition) {
  model::Transaction transaction;
  if (partition) {
    transaction.appends.push_back({{stream_, *partition}, batch});
    return transaction;
  }
  const std::uint32_t keyless = turn_.fetch_add(1, std::memory_order_relaxed);
  for (auto& part : model::split_by_partition(batch, partitions_, keyless))
    transaction.appends.push_back({{stream_, PartitionId{part.partition}}, std::move(part.batch)});
  return transaction;
}

}  // namespace pelton::stream
