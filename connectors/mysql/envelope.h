// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/event_writer.h"
#include "connectors/mysql/position.h"
#include "connectors/mysql/values.h"

#include <cstdint>
#include <string>

namespace pelton::mysql {

using database::Envelope;

// Value. Where the changes of a transaction, or the rows of a snapshot, are from.
struct ChangePlace {
  std::string id;    // the GTID, or "binlog.000001:1234"; of a snapshot: what it has reached
  std::string gtid;  // empty: it has none
  LogPlace log;      // where the newest event of the log ends
  std::uint32_t server_id = 0;
  std::int64_t time_us = 0;
};

// Writes changes as events (event_writer.h).
class EnvelopeWriter final : private database::Origin {
 public:
  struct Setup {
    std::string connector;
    Envelope envelope = Envelope::flat;
    Decimals decimals = Decimals::text;
  };
  explicit EnvelopeWriter(Setup setup);

  // What ids begin with.
  void set_history(std::string history) { history_ = std::move(history); }
  // What envelopes give as the time of writing.
  void set_now(std::int64_t now_us) { writer_.set_now(now_us); }
  Decimals decimals() const { return decimals_; }
  void write(const database::RowChange& change, const ChangePlace& place,
             model::BatchBuilder& into);

 private:
  void append_place(std::string& out) const override;
  void append_source(std::string& out, const database::RowChange& change) override;
  void add_headers(std::vector<model::Header>& headers, const database::RowChange& change) override;

  const Decimals decimals_;
  database::EventWriter writer_;
  std::string source_start_;  // of the member `source`, up to the table
  std::string history_;
  const ChangePlace* place_ = nullptr;  // of the change that is being written
};

}  // namespace pelton::mysql
