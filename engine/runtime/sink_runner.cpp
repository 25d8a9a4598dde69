// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/sink_runner.h"

#include "engine/observe/log.h"

#include <utility>

namespace pelton::runtime {
namespace {

// The sink is its binding's only worker.
constexpr WorkerId kSink{1};
constexpr model::FrameLimits kLimits{65'536, 8U << 20};

}  // namespace

SinkRunner::SinkRunner(const config::Connector& connector, std::unique_ptr<connector::Sink> sink,
                       BindingRunner& binding, thread::Mailbox& mailbox,
                       connector::SinkPacing pacing)
    : connector_(connector),
      binding_(binding),
      mailbox_(mailbox),
      host_({.name = connector.name,
             .sink = std::move(sink),
             .finished =
                 [this](FrameId frame, model::FrameResult&& result) {
                   mailbox_.post([this, frame, result = std::move(result)]() mutable {
                     auto ok = binding_.finished(kSink, frame, std::move(result));
                     if (!ok)
                       observe::log::error(ok.error().text(), {{"connector", connector_.name}});
                     give_work();
                   });
                 },
             .report =
                 [name = connector.name](const std::string& sentence) {
                   observe::log::warn(sentence, {{"connector", name}});
                 },
             .pacing = pacing}) {
  binding_.on_work([this] { give_work(); });
}

void SinkRunner::start() {
  host_.start();
}

void SinkRunner::give_work() {
  // Giving work makes commits, which may say that there is work.
  if (draining_ || std::exchange(giving_, true)) return;
  while (host_.credit() > 0) {
    auto frame = binding_.pull(kSink, kLimits);
    if (!frame || !host_.offer(std::move(*frame))) break;
  }
  giving_ = false;
}

void SinkRunner::stop() {
  host_.stop();
}

observe::ConnectorStatus SinkRunner::status() const {
  return connector_status(connector_, host_.snapshot());
}

observe::ConnectorStatus connector_status(const config::Connector& connector,
                                          const connector::HostSnapshot& snapshot) {
  observe::ConnectorStatus status;
  status.name = connector.name;
  status.type = connector.type;
  status.direction = connector.direction == config::Direction::source ? "source" : "sink";
  status.stream = connector.stream;
  status.state = connector::to_string(snapshot.state);
  status.events = snapshot.events;
  status.bytes = snapshot.bytes;
  status.errors = snapshot.errors;
  status.last_error = snapshot.last_error;
  status.lag_events = snapshot.behind;
  return status;
}

}  // namespace pelton::runtime
