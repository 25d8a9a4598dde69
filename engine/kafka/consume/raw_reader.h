// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/lookup.h"
#include "engine/kafka/options.h"
#include "engine/kafka/records/raw_record.h"

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

namespace pelton::kafka {

// Reads a topic on demand, in no group, a partition at a time and byte for byte. Its calls block,
// up to about ten seconds while brokers are away: one thread at a time, none that others wait for.
// Errors: unavailable (E6101): try again; invalid (E6109, E6101, E6102): the topic is not there, or
// not for us; cancelled: `stopping` was set.
class RawReader {
 public:
  RawReader(TopicOptions topic, const std::atomic<bool>& stopping);
  ~RawReader();
  RawReader(const RawReader&) = delete;
  RawReader& operator=(const RawReader&) = delete;

  Result<std::vector<Extent>> extents();
  // The records of the partition at offsets [from, end), in order, those that are still there,
  // until `visit` answers false. Going on where the last call ended, or a little further, is cheap.
  Status read(PartitionId partition, Offset from, Offset end,
              const std::function<bool(PlacedRecord&&)>& visit);
  // Nothing is asked for soon: fetches nothing ahead.
  void rest();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pelton::kafka
