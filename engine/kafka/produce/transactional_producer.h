// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/kafka/client/background_calls.h"
#include "engine/kafka/client/group_metadata.h"
#include "engine/kafka/options.h"
#include "engine/kafka/produce/producer.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pelton::kafka {

// Writes events to one topic, and the offsets that they came from to a consumer group, in one
// transaction (KIP-98, KIP-447): a reader with isolation.level=read_committed sees both or neither.
//
// One transaction at a time, one call at a time: write(), then commit() or abort(). The library's
// calls block, so they run on a thread of its own, where also the answers come. Methods: any
// thread. While brokers are away everything waits.
class TransactionalProducer {
 public:
  struct Setup {
    TopicOptions topic;
    // One of this id at a time in the cluster: a new one ends the transaction of the one before.
    std::string id;
    // The brokers abort a transaction that is open for longer.
    std::chrono::milliseconds timeout{};
    schema::Registries* registries = nullptr;  // for a topic with schemas; lives longer
  };
  // invalid (E6102): the configuration. `end` lives longer.
  static Result<std::unique_ptr<TransactionalProducer>> create(Setup setup, BackgroundCalls& end);
  // Returns at once. What is open is aborted, and the thread ends, in the background, which takes
  // some seconds when brokers are away. Until then an answer that was due may still come.
  ~TransactionalProducer();
  TransactionalProducer(const TransactionalProducer&) = delete;
  TransactionalProducer& operator=(const TransactionalProducer&) = delete;

  // Opens a transaction and writes the batches, in order. Answered once every record is in the
  // topic; or once the transaction is aborted, because records are refused (those of each batch,
  // ascending, at least one of them) or two thirds of the timeout are over. All else is tried
  // again, for ever.
  struct Wrote {
    std::vector<std::vector<Refused>> refused;  // by batch
    bool timed_out = false;
    Duration took{};  // the last attempt
  };
  using Written = std::move_only_function<void(Wrote)>;
  void write(std::vector<model::BatchPtr> batches, Written done);

  enum class Outcome {
    committed,
    aborted,  // the group has gone on without us, or the transaction took too long
    unknown,  // look at the group's offsets: they are what was asked for, or what was before
    metadata_too_long,  // aborted: the brokers take less with an offset
  };
  using Ended = std::move_only_function<void(Outcome)>;
  // Adds the offsets to the transaction that write() opened and commits it.
  void commit(std::string topic, std::vector<OffsetCommit> positions, GroupMetadata group,
              Ended done);
  void abort(std::move_only_function<void()> done);

  // What keeps records from going at the moment; empty: nothing.
  std::string trouble() const;

 private:
  class Impl;
  TransactionalProducer(std::unique_ptr<Impl> impl, BackgroundCalls& end);
  std::unique_ptr<Impl> impl_;
  BackgroundCalls& end_;
};

}  // namespace pelton::kafka
