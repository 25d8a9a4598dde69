// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/records.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>

namespace pelton::simulation {

// Weighs the batches that a dispatcher was offered for as long as anybody holds them: it hands out
// references of its own to each.
class Meter {
 public:
  model::BatchPtr weigh(const model::PlacedBatch& placed) {
    Weighed& last = last_[placed.at];
    if (const auto same = last.batch.lock(); same && last.base == placed.base) return same;
    const std::uint64_t size = placed.batch->bytes().size();
    largest_ = std::max(largest_, size);
    *bytes_ += size;
    model::BatchPtr weighed(placed.batch.get(), [kept = placed.batch, size, bytes = bytes_](
                                                    const model::Batch*) { *bytes -= size; });
    last = {placed.base, weighed};
    return weighed;
  }
  std::uint64_t bytes() const { return *bytes_; }
  std::uint64_t largest() const { return largest_; }

 private:
  struct Weighed {
    Offset base = 0;
    std::weak_ptr<const model::Batch> batch;
  };
  std::map<model::StreamPartition, Weighed> last_;
  std::shared_ptr<std::uint64_t> bytes_ = std::make_shared<std::uint64_t>(0);
  std::uint64_t largest_ = 0;
};

}  // namespace pelton::simulation
