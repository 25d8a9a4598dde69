// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/poll_loop.h"
#include "engine/kafka/options.h"
#include "engine/kafka/records/raw_record.h"
#include "engine/model/batch.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::kafka {

// Value. A record that is not in the topic.
struct Refused {
  std::uint32_t index = 0;  // in its batch
  // invalid: this record never will be (its size, the topic, a right that is missing);
  // unavailable: not the record's fault.
  Error error;
  std::string name;  // Kafka's own name of the error, such as MSG_SIZE_TOO_LARGE
};

// Value. Where a record is.
struct RecordPlace {
  PartitionId partition;
  Offset offset = -1;  // -1: it is not in the topic
};

// Value. How a batch is sent, where that is not as usual.
struct Sending {
  std::optional<PartitionId> partition{};  // of all its events, whatever their keys
  // Filled by event before `done` is called, and as long as the batch. Shared by its reader and the
  // call that fills it.
  std::shared_ptr<std::vector<RecordPlace>> places{};
  // What keeps lanes in order, of producers that are strict: an event that is blocked() when its
  // turn comes is not written but refused as `overloaded`; failed() is told of each other one that
  // is refused. On the loop's thread.
  std::function<bool(std::uint32_t)> blocked{};
  std::function<void(std::uint32_t)> failed{};
};

// What happens to the records behind one that the brokers refuse. fast: they are written, as they
// are on their way already. strict: none of its partition is before the refusal is known, at the
// cost of one request at a time and a fresh client after each refusal that could not be foreseen.
enum class Behind { fast, strict };
// What happens to records while the topic as a whole takes none: it does not exist (yet), a right
// is missing, too few replicas are in sync. wait: they wait as they do while brokers are away, and
// trouble() says why. refuse: each is refused.
enum class TopicFault { wait, refuse };

// Writes batches to one topic: idempotent, acknowledged by all replicas in sync, keys spread as
// Kafka's own clients spread them. While brokers are away records wait, for ever. Events become
// records by the rules of record_writer.h. With a schema for the topic's values, their data is
// encoded first; batches wait until the schema is known, and events that do not fit are refused.
// Brokers refuse a whole request for one of its records.
// What the topic's configuration rules out (size, a missing key, a time) is therefore refused here
// and not sent; a request that brokers refuse for another reason is sent again in halves until the
// culprit is alone, and only that one is refused.
//
// Methods: any thread.
class Producer {
 public:
  // invalid (E6102): the configuration.
  static Result<std::unique_ptr<Producer>> create(const TopicOptions& topic, PollLoop& loop,
                                                  Behind behind = Behind::fast,
                                                  TopicFault fault = TopicFault::wait);
  // What is not acknowledged by then is dropped, its `done` not called.
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // On the loop's thread, once each event of the batch is acknowledged or refused; refused ones
  // ascending.
  using Done = std::move_only_function<void(std::vector<Refused>)>;
  // Batches and their events go in order. Nothing bounds what waits here but the caller.
  void send(model::BatchPtr batch, Done done, Sending how = {});
  // The same of records that are there byte for byte (at least one): nothing is encoded.
  void send(std::vector<RawRecord> records, Done done);
  // What keeps records from going at the moment; empty: nothing.
  std::string trouble() const;

 private:
  class Impl;
  // Two own it: this, and the calls that are on their way to the loop.
  explicit Producer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace pelton::kafka
