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

Result<std::unique_ptr<SinkRunner>> SinkRunner::make(const config::Connector& connector,
                                                     const connector::ConnectorSpec& spec,
                                                     store::Store& store,
                                                     thread::Mailbox& mailbox) {
  std::unique_ptr<SinkRunner> made(new SinkRunner(connector, store, mailbox));
  SinkRunner* const runner = made.get();
  auto sink = spec.make_sink({runner->connector_, runner->ledger_});
  if (!sink) return std::unexpected(std::move(sink.error()).within("connector " + connector.name));
  runner->host_ = std::make_unique<connector::SinkHost>(connector::SinkHost::Setup{
      .name = connector.name,
      .sink = std::move(*sink),
      .finished = [runner](
                      FrameId frame,
                      model::FrameResult&& result) { runner->answered(frame, std::move(result)); },
      .returned = [runner](FrameId frame) { runner->returned(frame); },
      .report =
          [name = connector.name](const std::string& sentence) {
            observe::log::warn(sentence, {{"connector", name}});
          },
      .pacing = {.backoff_max = spec.backoff_max}});
  return made;
}

// On the sink's thread.
void SinkRunner::answered(FrameId frame, model::FrameResult&& result) {
  mailbox_.post([this, frame, result = std::move(result)]() mutable {
    auto ok = binding_->finished(kSink, frame, std::move(result));
    if (!ok) observe::log::error(ok.error().text(), {{"connector", connector_.name}});
    give_work();
  });
}

// On the sink's thread.
void SinkRunner::returned(FrameId frame) {
  mailbox_.post([this, frame] {
    binding_->gave_back(kSink, frame, 0);
    give_work();
  });
}

void SinkRunner::start(BindingRunner& binding) {
  binding_ = &binding;
  binding.on_work([this] { give_work(); }, [this] { host_->release(); });
  host_->start();
}

void SinkRunner::resume() {
  draining_ = false;
  // Behind the loss that end() has posted.
  if (given_back_)
    return mailbox_.post([this] {
      given_back_ = false;
      host_->stop();
      host_->start();
      give_work();
    });
  give_work();
}

bool SinkRunner::end() {
  host_->begin_stop();
  if (host_->snapshot().state != connector::HostState::stopped) return false;
  // Answers that its thread has posted come first.
  if (std::exchange(given_back_, true)) return true;
  model::WorkerLoss loss;
  loss.cause = "engine";
  loss.type = "the sink stops";
  mailbox_.post([this, loss = std::move(loss)] { binding_->lost(kSink, loss); });
  return true;
}

void SinkRunner::give_work() {
  if (draining_) return;
  while (host_->credit() > 0) {
    auto frame = binding_->pull(kSink, kLimits);
    if (!frame || !host_->offer(std::move(*frame))) break;
  }
}

observe::ConnectorStatus SinkRunner::status() const {
  return connector_status(connector_, host_->snapshot());
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
  status.lag_events = snapshot.facts.behind;
  status.lag_bytes = snapshot.facts.behind_bytes;
  if (snapshot.facts.behind_time)
    status.lag_seconds = static_cast<std::uint64_t>(snapshot.facts.behind_time->count());
  status.position = snapshot.facts.position;
  status.last_slot = snapshot.facts.last_slot;
  status.next_slot = snapshot.facts.next_slot;
  status.skipped_slots = snapshot.facts.skipped;
  return status;
}

}  // namespace pelton::runtime
