// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/connector.h"
#include "engine/connector/ledger.h"
#include "engine/connector/source_host.h"
#include "engine/runtime/rate.h"
#include "engine/runtime/stream_consumption.h"
#include "engine/store/store.h"
#include "engine/stream/appender.h"

#include <memory>
#include <string>

namespace pelton::runtime {

// A connector's ledger in the store, under its name. Thread-safe.
class StoreLedger final : public connector::Ledger {
 public:
  StoreLedger(store::Store& store, std::string name) : store_(store), name_(std::move(name)) {}
  Result<std::optional<std::string>> get(std::string_view key) override;
  Status put(std::span<const connector::LedgerEntry> entries) override;
  Status scan(std::string_view prefix, std::string_view from,
              const std::function<bool(std::string_view, std::string_view)>& visit) override;

 private:
  store::Store& store_;
  const std::string name_;
};

// Gives a source's batches to the store, spread over the partitions of its stream. Called on the
// source's thread.
class StreamIntake final : public connector::Intake {
 public:
  StreamIntake(store::Store& store, stream::StreamTarget& target)
      : store_(store), target_(target) {}
  Status append(model::BatchPtr batch, Committed committed,
                std::chrono::steady_clock::time_point deadline) override;

 private:
  store::Store& store_;
  stream::StreamTarget& target_;
};

// A source with all that it needs. The host's thread is the only one that reads; the rest any
// thread may ask.
class SourceRunner {
 public:
  SourceRunner(const config::Connector& connector, store::Store& store,
               stream::StreamTarget& target)
      : connector_(connector),
        ledger_(store, connector.name),
        consumption_(store, target.stream(), target.partitions()),
        intake_(store, target) {}

  connector::Ledger& ledger() { return ledger_; }
  StreamConsumption& consumption() { return consumption_; }
  const config::Connector& settings() const { return connector_; }
  // Before any other thread asks for a snapshot.
  void attach(std::unique_ptr<connector::Source> source);
  void start() { host_->start(); }
  // Before attach(): the longest pause between attempts to connect.
  void set_backoff_max(std::chrono::milliseconds time) { pacing_.backoff_max = time; }
  void begin_stop(std::chrono::steady_clock::time_point deadline);
  void stop(std::chrono::steady_clock::time_point deadline);
  connector::HostSnapshot snapshot() const {
    return host_ ? host_->snapshot() : connector::HostSnapshot{};
  }

  Rate rate;  // the shard's, which samples it

 private:
  const config::Connector& connector_;
  StoreLedger ledger_;
  StreamConsumption consumption_;
  StreamIntake intake_;
  connector::SourcePacing pacing_;
  std::unique_ptr<connector::SourceHost> host_;
};

}  // namespace pelton::runtime
