// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch_builder.h"
#include "engine/model/records.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

namespace pelton::stream {

// Where appends from outside go: spreads a batch over the partitions of a stream as Kafka's default
// partitioner would, events without a key batch by batch in turn. Thread-safe.
class StreamTarget {
 public:
  StreamTarget(std::string name, StreamId stream, std::uint32_t partitions)
      : name_(std::move(name)), stream_(stream), partitions_(partitions) {}

  const std::string& name() const { return name_; }
  StreamId stream() const { return stream_; }
  std::uint32_t partitions() const { return partitions_; }

  // All of the batch to one partition when given, else by key.
  model::Transaction append(const model::BatchPtr& batch,
                            std::optional<PartitionId> partition = std::nullopt);

 private:
  const std::string name_;
  const StreamId stream_;
  const std::uint32_t partitions_;
  std::atomic<std::uint32_t> turn_{0};
};

}  // namespace pelton::stream
