// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/consumption.h"
#include "engine/store/store.h"

#include <cstdint>
#include <vector>

namespace pelton::runtime {

// The consumption of an embedded stream, from the cursors in the store. Thread-safe after the last
// add().
class StreamConsumption final : public connector::Consumption {
 public:
  StreamConsumption(store::Store& store, StreamId stream, std::uint32_t partitions)
      : store_(store), stream_(stream), partitions_(partitions) {}

  // Before any other thread asks. The binding reads this stream.
  void add(BindingId binding) { bindings_.push_back(binding); }

  Result<connector::Checkpoint> now() override;
  Result<bool> settled(const connector::Checkpoint& checkpoint) override;

 private:
  store::Store& store_;
  const StreamId stream_;
  const std::uint32_t partitions_;
  std::vector<BindingId> bindings_;
};

}  // namespace pelton::runtime
