// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/connector.h"
#include "engine/connector/sink_host.h"
#include "engine/observe/status.h"
#include "engine/runtime/binding_runner.h"
#include "engine/thread/mailbox.h"

#include <memory>
#include <string>

namespace pelton::runtime {

// A sink as the worker of its binding: gives frames to the sink's thread and brings its answers
// back. Shard-confined.
class SinkRunner {
 public:
  SinkRunner(const config::Connector& connector, std::unique_ptr<connector::Sink> sink,
             BindingRunner& binding, thread::Mailbox& mailbox, connector::SinkPacing pacing);

  void start();
  // No more frames; what the sink has is written or, at the deadline, given back.
  void begin_stop() { draining_ = true; }
  // Joins the sink's thread; frames without an answer are the binding's again.
  void stop();
  observe::ConnectorStatus status() const;

 private:
  void give_work();

  const config::Connector& connector_;
  BindingRunner& binding_;
  thread::Mailbox& mailbox_;
  bool draining_ = false;
  bool giving_ = false;
  connector::SinkHost host_;
};

// How a host's snapshot looks in the status report.
observe::ConnectorStatus connector_status(const config::Connector& connector,
                                          const connector::HostSnapshot& snapshot);

}  // namespace pelton::runtime
