// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/answer.h"
#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/model/batch.h"
#include "engine/model/records.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::stream {

// Errors carry codes that the API turns into statuses: E5001 no such stream, binding, partition or
// dead letter (404); kind invalid otherwise (400); overloaded (503 with Retry-After); unavailable,
// cancelled (503).

struct Produced {
  std::uint32_t partition = 0;
  Offset base = 0;  // offset of its first event
  std::uint32_t count = 0;
};

struct ReadRequest {
  std::uint32_t partition = 0;
  struct From {
    enum class Kind { earliest, latest, offset, time } kind = Kind::earliest;
    Offset offset = 0;
    WallTime time{};
  } from;
  std::size_t max_bytes = 1U << 20;
};
struct ReadAnswer {
  Offset from = 0;      // where `from` resolved to: events below it in the first batch
                        // are not asked for
  Offset next = 0;      // where to go on
  Offset end = 0;       // next offset to be given in the partition
  bool at_end = false;  // nothing was behind `next`
  std::vector<model::PlacedBatch> batches;
};

// Interface. Reads one stream for one caller, page by page, one call at a time. Called on the
// thread that answers admin requests. It may go while an answer is on its way.
class StreamReader {
 public:
  virtual ~StreamReader() = default;
  // How many partitions the stream has.
  virtual void partitions(Answer<std::uint32_t> answer) = 0;
  virtual void read(const ReadRequest& request, Answer<ReadAnswer> answer) = 0;
};

// Interface. The streams of the running engine, as the admin API appends to and reads them.
// Called on the thread that answers admin requests, which may wait for a disk but for nothing else.
class Access {
 public:
  virtual ~Access() = default;
  // Events are partitioned by key (or all go to `partition`) and answered once durable: on disk, or
  // acknowledged by the brokers of a topic.
  virtual void produce(const std::string& stream, model::BatchPtr events,
                       std::optional<std::uint32_t> partition,
                       Answer<std::vector<Produced>> answer) = 0;
  // Shared by the answer in the making and the reads that are under way for it. overloaded: too
  // many are open that hold something (those of topics).
  virtual Result<std::shared_ptr<StreamReader>> reader(const std::string& stream) = 0;
};

}  // namespace pelton::stream
