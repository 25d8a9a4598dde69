// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/source_runner.h"

#include "engine/observe/log.h"
#include "engine/store/ledger.h"

#include <utility>

namespace pelton::runtime {

Result<std::optional<std::string>> StoreLedger::get(std::string_view key) {
  return store_.ledger().get(name_, key);
}

Status StoreLedger::put(std::span<const connector::LedgerEntry> entries) {
  std::vector<store::Ledger::KeyValue> out;
  out.reserve(entries.size());
  for (const connector::LedgerEntry& entry : entries) out.push_back({entry.key, entry.value});
  return store_.ledger().put(name_, out);
}

Status StoreLedger::scan(std::string_view prefix, std::string_view from,
                         const std::function<bool(std::string_view, std::string_view)>& visit) {
  return store_.ledger().scan(name_, prefix, from, visit);
}

Status SourceAppender::append(model::BatchPtr batch,
                              std::span<const connector::LedgerEntry> position, Committed committed,
                              std::chrono::steady_clock::time_point deadline) {
  std::vector<model::LedgerWrite> writes;
  writes.reserve(position.size());
  for (const connector::LedgerEntry& entry : position)
    writes.push_back({connector_, entry.key, entry.value});
  return appender_->append(std::move(batch), std::move(writes), std::move(committed), deadline);
}

Result<std::unique_ptr<SourceRunner>> SourceRunner::make(const config::Connector& connector,
                                                         const connector::ConnectorSpec& spec,
                                                         store::Store& store, Notices& notices) {
  std::unique_ptr<SourceRunner> runner(new SourceRunner(connector, store));
  auto source = spec.make_source(
      {runner->connector_, runner->ledger_, &runner->consumption_, notices.box(connector.name)});
  if (!source)
    return std::unexpected(std::move(source.error()).within("connector " + connector.name));
  runner->host_ = std::make_unique<connector::SourceHost>(
      connector::SourceHost::Setup{.name = connector.name,
                                   .source = std::move(*source),
                                   .appender = &runner->appender_,
                                   .report =
                                       [name = connector.name](const std::string& sentence) {
                                         observe::log::warn(sentence, {{"connector", name}});
                                       },
                                   .pacing = {.backoff_max = spec.backoff_max}});
  return runner;
}

void SourceRunner::start(stream::AppendTarget target) {
  consumption_.follow(target.stream, target.partitions);
  appender_.write_to(std::move(target.appender));
  host_->start();
}

void SourceRunner::begin_stop(std::chrono::steady_clock::time_point deadline) {
  host_->begin_stop(deadline);
}

void SourceRunner::stop(std::chrono::steady_clock::time_point deadline) {
  host_->stop(deadline);
}

}  // namespace pelton::runtime
