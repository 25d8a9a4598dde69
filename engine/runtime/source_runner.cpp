// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/source_runner.h"

#include "engine/observe/log.h"

#include <thread>
#include <utility>

namespace pelton::runtime {

Result<std::optional<std::string>> StoreLedger::get(std::string_view key) {
  return store_.ledger_get(name_, key);
}

Status StoreLedger::put(std::span<const connector::LedgerEntry> entries) {
  std::vector<store::Store::KeyValue> out;
  out.reserve(entries.size());
  for (const connector::LedgerEntry& entry : entries) out.push_back({entry.key, entry.value});
  return store_.ledger_put(name_, out);
}

Status StoreLedger::scan(std::string_view prefix, std::string_view from,
                         const std::function<bool(std::string_view, std::string_view)>& visit) {
  return store_.ledger_scan(name_, prefix, from, visit);
}

Status StreamIntake::append(model::BatchPtr batch, Committed committed,
                            std::chrono::steady_clock::time_point deadline) {
  // Shared by the tries: the store takes the callback only when it takes the transaction.
  auto done = std::make_shared<Committed>(std::move(committed));
  model::Transaction transaction = target_.append(batch);
  for (;;) {
    auto taken = store_.submit(std::move(transaction), store::Origin::outside,
                               [done](Result<store::Committed> result) {
                                 (*done)(result ? Status{} : std::unexpected(result.error()));
                               });
    if (taken || taken.error().kind != ErrorKind::overloaded) return taken;
    if (!store_.accepts_intake() || !store_.wait_for_room(deadline)) return taken;
  }
}

void SourceRunner::attach(std::unique_ptr<connector::Source> source) {
  host_ = std::make_unique<connector::SourceHost>(
      connector::SourceHost::Setup{.name = connector_.name,
                                   .source = std::move(source),
                                   .intake = &intake_,
                                   .report =
                                       [name = connector_.name](const std::string& sentence) {
                                         observe::log::warn(sentence, {{"connector", name}});
                                       },
                                   .pacing = pacing_});
}

void SourceRunner::begin_stop(std::chrono::steady_clock::time_point deadline) {
  if (host_) host_->begin_stop(deadline);
}

void SourceRunner::stop(std::chrono::steady_clock::time_point deadline) {
  if (host_) host_->stop(deadline);
}

}  // namespace pelton::runtime
