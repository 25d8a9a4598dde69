// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a partition holds in memory, in bytes.
#include "engine/model/claimed_batch.h"
#include "tests/unit/dispatch/dispatcher_fixture.h"

namespace pelton::dispatch {

inline constexpr std::size_t kLarge = 10'000;         // bytes of an event that is large here
inline constexpr std::uint64_t kOne = kLarge + 1000;  // ... with all that belongs to it

class Memory : public DispatcherTest {
 protected:
  Memory() {
    options.delivery.max_unsettled_bytes = 300'000;
    options.delivery.retry.first = options.delivery.retry.max = std::chrono::hours(1);
  }
  // An event of a key, as a batch that only the dispatcher holds.
  void offer_large(const std::string& key) { offer_new(key + ":" + std::string(kLarge, 'x')); }
  void offer_new(const std::string& words) {
    const auto batch = batch_of(words);
    batches.push_back(batch);
    dispatcher().offer(PartitionId{0}, end, batch, now, commits);
    end += batch->span();
    confirm();
  }
  void confirm() {
    for (const Commit& commit : std::exchange(commits, {})) dispatcher().committed(commit.token);
  }
  // The events of the last frame at `indices` fail.
  void park(std::vector<std::uint32_t> indices) { fail(std::move(indices)); }
  std::uint64_t held() const {
    std::uint64_t bytes = 0;
    for (const auto& batch : batches)
      if (const auto alive = batch.lock()) bytes += alive->bytes().size();
    return bytes;
  }
  std::uint64_t room() { return dispatcher().wants(PartitionId{0}).events; }
  std::uint64_t bytes() { return counts().bytes; }

  std::vector<std::weak_ptr<const model::Batch>> batches;
  Offset end = 0;
  Commits commits;
};

}  // namespace pelton::dispatch
