// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/lookup.h"
#include "engine/kafka/options.h"
#include "engine/model/batch.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace pelton::kafka {

// Reads the partitions of a topic from wherever it is told to, as a member of no group: it commits
// nothing, and no consumer notices. Only what is committed is read, of transactions too. Blocks:
// for a thread of its own, one call at a time; only cancel() may be called from any thread.
//
//   auto reader = TopicReader::open(topic);
//   auto facts = (*reader)->look_up({partition}, std::nullopt);
//   for (Offset at = facts->front().earliest;;) {
//     auto page = (*reader)->read(partition, at, 1 << 20, deadline);
//     ...
//     at = page->next;
//     if (page->at_end) break;
//   }
class TopicReader {
 public:
  // invalid (E6102): the configuration. Brokers are not asked yet.
  static Result<std::unique_ptr<TopicReader>> open(const TopicOptions& topic);
  ~TopicReader();
  TopicReader(const TopicReader&) = delete;
  TopicReader& operator=(const TopicReader&) = delete;

  // The brokers answer; of the topic they are not asked. unavailable (E6101).
  Status reach();
  // How many partitions the topic has. unavailable (E6101): no answer, or there is no such topic.
  Result<std::uint32_t> partitions();
  // Where these partitions begin and end, and which offset a time has; `committed` is of no group
  // and so always absent.
  Result<std::vector<PartitionFacts>> look_up(const std::vector<PartitionId>& partitions,
                                              std::optional<WallTime> time);

  struct Page {
    Offset base = 0;
    model::BatchPtr batch;  // null: none
    Offset next = 0;        // where to go on; offsets between may be of no record
    Offset end = 0;         // of the partition, as far as it is known
    bool at_end = false;    // there was nothing behind it
  };
  // Records from `from` on, at least one when there is one: whatever is there, up to about
  // `max_bytes` of payload. Going on where the page before of that partition ended is cheap.
  // unavailable (E6101): nothing was heard of the partition until the deadline; corrupt (E6104):
  // the offset is not in the topic; cancelled.
  Result<Page> read(PartitionId partition, Offset from, std::size_t max_bytes,
                    std::chrono::steady_clock::time_point deadline);

  // From now on reads end at once, and with them the wait for brokers.
  void cancel();

 private:
  class Impl;
  explicit TopicReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pelton::kafka
