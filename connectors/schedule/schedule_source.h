// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/schedule/options.h"
#include "connectors/schedule/planner.h"
#include "engine/base/clock.h"
#include "engine/connector/consumption.h"
#include "engine/connector/ledger.h"
#include "engine/connector/source.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::schedule {

// Gives an event for each slot of a schedule (docs/schedules.md says what it looks like). Its
// position goes to the ledger together with the events of a read, so that what is stored once does
// not come again; one read at a time is not settled.
//
// Errors of connect(): E7045 invalid; the ledger's. Of read(): the ledger's and the store's. Slots
// that give no event are warnings: E7046, E7047; so is a clock that is set back: E7048.
class ScheduleSource final : public connector::Source {
 public:
  ScheduleSource(SourceOptions options, connector::Ledger& ledger,
                 connector::Consumption& consumption, const Clock& clock);

  Status connect() override;
  Result<connector::Read> read(model::BatchBuilder& into, std::size_t max_events,
                               std::size_t max_bytes,
                               std::chrono::steady_clock::time_point deadline) override;
  Status settle(connector::AckToken token, connector::Settlement how) override;
  void close() override;
  std::vector<std::string> take_warnings() override;
  connector::SourceFacts facts() const override;

 private:
  // What was read and is not settled.
  struct InFlight {
    connector::AckToken token = 0;
    SlotProgress before;
    Look look;
  };

  Slot now() const;
  Result<SlotProgress> stored_position();
  connector::LedgerEntry entry() const;
  void wait(std::chrono::steady_clock::time_point deadline) const;
  Result<bool> unsettled();
  std::string data_of(Slot slot, const std::string& id) const;
  void add_event(Slot slot, model::BatchBuilder& into) const;
  void note_skipped(const Look& look);
  void note_clock(Slot now);

  const SourceOptions options_;
  const std::string source_;  // the events' source attribute
  connector::Ledger& ledger_;
  connector::Consumption& consumption_;
  const Clock& clock_;
  std::optional<Planner> planner_;  // while connected
  std::optional<InFlight> in_flight_;
  connector::AckToken token_ = 0;
  // Whether the newest event may be unsettled, and what the stream held once it was stored.
  bool waiting_ = false;
  std::optional<connector::Checkpoint> checkpoint_;
  Slot newest_now_{};
  std::optional<Slot> last_slot_;
  std::map<std::string, std::uint64_t> skipped_;
  std::vector<std::string> warnings_;
};

}  // namespace pelton::schedule
