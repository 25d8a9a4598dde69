// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/model/batch.h"
#include "engine/model/records.h"
#include "engine/observe/status.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::http {

// Answers may come on any thread, at once or later; exactly once each.
template <typename T>
using Answer = std::move_only_function<void(Result<T>)>;

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

// Interface. Reads one stream for one caller, page by page, one call at a time. Called on the http
// thread, never blocks. It may go while an answer is on its way.
class StreamReader {
 public:
  virtual ~StreamReader() = default;
  // How many partitions the stream has.
  virtual void partitions(Answer<std::uint32_t> answer) = 0;
  virtual void read(const ReadRequest& request, Answer<ReadAnswer> answer) = 0;
};

struct DeadLetterQuery {
  std::string binding;  // empty: all
  std::optional<std::uint32_t> partition;
  std::string reason;    // empty: any
  std::string contains;  // in the last error's type or message, or the key; empty: any
  std::optional<WallTime> since, until;  // when it became a dead letter
  std::optional<std::string> after;      // id text: continue behind it
  std::size_t limit = 100;
  std::uint64_t bytes = 4U << 20;  // of events: a page ends with the letter that reaches so many
  bool goes_on = false;            // behind a page of the same answer: what is known will do
};
struct DeadLetterPage {
  std::vector<model::DeadLetter> letters;
  bool more = false;  // may match behind these
};
// What a command has to know of a letter that it acted on.
struct DeadLetterBrief {
  std::string id;
  std::uint32_t replays = 0;
};

struct ReplayCount {
  std::uint64_t accepted = 0;
  std::uint64_t missing = 0;  // no such letter (any more)
  std::uint64_t running = 0;  // is being replayed already
};

struct SeekRequest {
  std::string binding;
  std::optional<std::uint32_t> partition;  // absent: all
  enum class To { offset, time, earliest, latest, by } to = To::offset;
  Offset offset = 0;  // offset; or by: events forward (+) or back (-)
  WallTime time{};
  bool dry_run = false;
};
struct SeekChange {
  std::uint32_t partition = 0;
  Offset from = 0;
  Offset to = 0;
};

// Interface. What the admin API asks of the running engine. Called on the http thread, never
// blocks.
class AdminBackend {
 public:
  virtual ~AdminBackend() = default;
  virtual void status(Answer<observe::StatusReport> answer) = 0;
  // Events are partitioned by key (or all go to `partition`) and answered once durable: on disk, or
  // acknowledged by the brokers of a topic.
  virtual void produce(const std::string& stream, model::BatchPtr events,
                       std::optional<std::uint32_t> partition,
                       Answer<std::vector<Produced>> answer) = 0;
  // Shared by the answer in the making and the reads that are under way for it. overloaded: too
  // many are open that hold something (those of topics).
  virtual Result<std::shared_ptr<StreamReader>> reader(const std::string& stream) = 0;
  // In the order of (binding in file order, partition, offset).
  virtual void dead_letters(const DeadLetterQuery& query, Answer<DeadLetterPage> answer) = 0;
  // One letter; E5001 when it is not there.
  virtual void dead_letter(const std::string& id, Answer<model::DeadLetter> answer) = 0;
  // How many match, limit and `after` ignored.
  virtual void count_dead_letters(const DeadLetterQuery& query, Answer<std::uint64_t> answer) = 0;
  // Those of the letters that are there, in no order.
  virtual void find_dead_letters(const std::vector<std::string>& ids,
                                 Answer<std::vector<DeadLetterBrief>> answer) = 0;
  // overloaded (E5010): as many as may be are being replayed; none of these is, yet.
  virtual void replay(const std::vector<std::string>& ids, Answer<ReplayCount> answer) = 0;
  // Removes the letters for good; answers how many there were.
  virtual void purge(const std::vector<std::string>& ids, Answer<std::uint64_t> answer) = 0;
  virtual void seek(const SeekRequest& request, Answer<std::vector<SeekChange>> answer) = 0;
  // New workers for the function, each once the old one has answered what it has; answers how many
  // old ones there are.
  virtual void restart(const std::string& function, Answer<std::uint64_t> answer) = 0;
};

// "<binding>/<partition>/<offset>", the text form of a dead letter's id.
std::string dead_letter_text(const std::string& binding, const model::DeadLetterId& id);

}  // namespace pelton::http
