// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/consumption.h"
#include "engine/store/store.h"

#include <cstdint>
#include <mutex>
#include <vector>

namespace pelton::runtime {

// The consumption of an embedded stream, from the cursors in the store. Thread-safe.
class StreamConsumption final : public connector::Consumption {
 public:
  explicit StreamConsumption(store::Store& store) : store_(store) {}

  // Before the source starts: its stream.
  void follow(StreamId stream, std::uint32_t partitions);
  // These bindings read the stream from now on.
  void set_readers(std::vector<BindingId> bindings);

  Result<connector::Checkpoint> now() override;
  Result<bool> settled(const connector::Checkpoint& checkpoint) override;

 private:
  store::Store& store_;
  std::mutex mutex_;
  StreamId stream_;                  // guarded by mutex_
  std::uint32_t partitions_ = 0;     // guarded by mutex_
  std::vector<BindingId> bindings_;  // guarded by mutex_
};

}  // namespace pelton::runtime
