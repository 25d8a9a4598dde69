// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/notices.h"
#include "engine/config/parts/connector.h"
#include "engine/connector/connector_spec.h"
#include "engine/connector/ledger.h"
#include "engine/connector/source_host.h"
#include "engine/runtime/stream_consumption.h"
#include "engine/store/store.h"
#include "engine/stream/connections.h"

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

// Gives a source's batches to its stream, and its positions to its ledger. Called on the source's
// thread, once the stream is known.
class SourceAppender final : public connector::StreamAppender {
 public:
  explicit SourceAppender(std::string connector) : connector_(std::move(connector)) {}
  // Shared with whoever else has the target that it came in.
  void write_to(std::shared_ptr<stream::Appender> appender) { appender_ = std::move(appender); }
  Status append(model::BatchPtr batch, std::span<const connector::LedgerEntry> position,
                Committed committed, std::chrono::steady_clock::time_point deadline) override;

 private:
  const std::string connector_;
  // Shared with whoever else has the target that it came in.
  std::shared_ptr<stream::Appender> appender_;
};

// A source with all that it needs. The host's thread is the only one that reads; the rest any
// thread may ask.
class SourceRunner {
 public:
  // E2...: what the connector itself finds wrong with its options.
  static Result<std::unique_ptr<SourceRunner>> make(const config::Connector& connector,
                                                    const connector::ConnectorSpec& spec,
                                                    store::Store& store, Notices& notices);
  SourceRunner(const SourceRunner&) = delete;
  SourceRunner& operator=(const SourceRunner&) = delete;

  const config::Connector& settings() const { return connector_; }
  StreamConsumption& consumption() { return consumption_; }
  // Its stream is `target`; reads from now on.
  void start(stream::AppendTarget target);
  // Reads no more, settles what is in flight by the deadline.
  void begin_stop(std::chrono::steady_clock::time_point deadline);
  // The same, and waits for it.
  void stop(std::chrono::steady_clock::time_point deadline);
  connector::HostSnapshot snapshot() const { return host_->snapshot(); }

 private:
  SourceRunner(const config::Connector& connector, store::Store& store)
      : connector_(connector),
        ledger_(store, connector.name),
        consumption_(store),
        appender_(connector.name) {}

  const config::Connector connector_;
  StoreLedger ledger_;
  StreamConsumption consumption_;
  SourceAppender appender_;
  std::unique_ptr<connector::SourceHost> host_;
};

}  // namespace pelton::runtime
