// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/connector.h"
#include "engine/connector/connector_spec.h"
#include "engine/connector/sink_host.h"
#include "engine/observe/status.h"
#include "engine/runtime/binding_runner.h"
#include "engine/runtime/source_runner.h"
#include "engine/thread/mailbox.h"

#include <memory>
#include <string>

namespace pelton::runtime {

// A sink as the worker of its binding: gives frames to the sink's thread and brings its answers
// back. Shard-confined, but for make().
class SinkRunner {
 public:
  // E2...: what the connector itself finds wrong with its options.
  static Result<std::unique_ptr<SinkRunner>> make(const config::Connector& connector,
                                                  const connector::ConnectorSpec& spec,
                                                  store::Store& store, thread::Mailbox& mailbox);
  SinkRunner(const SinkRunner&) = delete;
  SinkRunner& operator=(const SinkRunner&) = delete;

  const config::Connector& settings() const { return connector_; }
  // Its events are those of the binding, which outlives its work.
  void start(BindingRunner& binding);
  // No more frames; those that it has are written.
  void begin_stop() { draining_ = true; }
  // Takes a begin_stop() back, and an end() that has ended. One that has not yet ends later, and
  // stays so.
  void resume();
  // Ends the sink's thread after the write that it is at. True: it has ended, frames without an
  // answer are the binding's again.
  bool end();
  // The same, and waits for it.
  void stop() { host_->stop(); }
  observe::ConnectorStatus status() const;

 private:
  SinkRunner(const config::Connector& connector, store::Store& store, thread::Mailbox& mailbox)
      : connector_(connector), ledger_(store, connector.name), mailbox_(mailbox) {}
  void answered(FrameId frame, model::FrameResult&& result);
  void returned(FrameId frame);
  void give_work();

  const config::Connector connector_;
  StoreLedger ledger_;
  thread::Mailbox& mailbox_;
  BindingRunner* binding_ = nullptr;  // once it has started
  bool draining_ = false;
  bool given_back_ = false;
  std::unique_ptr<connector::SinkHost> host_;
};

// How a host's snapshot looks in the status report.
observe::ConnectorStatus connector_status(const config::Connector& connector,
                                          const connector::HostSnapshot& snapshot);

}  // namespace pelton::runtime
