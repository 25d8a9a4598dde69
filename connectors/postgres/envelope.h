// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/event_writer.h"
#include "connectors/postgres/pgoutput.h"
#include "connectors/postgres/relations.h"
#include "connectors/postgres/values.h"

#include <cstdint>
#include <string>

namespace pelton::postgres {

using database::Envelope;

// Value. One change of one row (or one truncated table), as it becomes an event.
struct Change {
  using Kind = database::ChangeKind;
  Kind kind = Kind::create;
  const Relation* relation = nullptr;
  const Row* before = nullptr;  // null: not known
  bool before_is_key = false;   // only the columns of the replica identity are
  const Row* after = nullptr;   // null: there is no row any more
};

// Value. Where a change is: of the n-th event of the transaction that commits there.
struct ChangePlace {
  Lsn commit = 0;
  std::uint64_t index = 0;
  std::int64_t time_us = 0;
  std::uint32_t xid = 0;
};

// Writes changes as events (event_writer.h).
class EnvelopeWriter final : private database::Origin {
 public:
  struct Setup {
    std::string connector;
    std::string database;
    Envelope envelope = Envelope::flat;
    Decimals decimals = Decimals::text;
  };
  explicit EnvelopeWriter(Setup setup);

  // What ids begin with: "<system identifier>/<timeline>".
  void set_history(std::string history) { history_ = std::move(history); }
  // What envelopes give as the time of writing.
  void set_now(std::int64_t now_us) { writer_.set_now(now_us); }
  void write(const Change& change, const ChangePlace& place, model::BatchBuilder& into);

 private:
  void append_place(std::string& out) const override;
  void append_source(std::string& out, const database::RowChange& change) override;
  void add_headers(std::vector<model::Header>& headers, const database::RowChange& change) override;

  const Decimals decimals_;
  database::EventWriter writer_;
  std::string source_start_;  // of the member `source`, up to the table
  std::string history_;
  ChangePlace place_;  // of the change that is being written
  std::string lsn_, xid_;
};

}  // namespace pelton::postgres
