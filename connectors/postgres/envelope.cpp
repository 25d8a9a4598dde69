// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/envelope.h"

#include "connectors/database/json_text.h"

#include <fmt/format.h>

#include <iterator>
#include <optional>

namespace pelton::postgres {
namespace {

using database::append_quoted;

class Values final : public database::RowValues {
 public:
  Values(const Relation& relation, const Row& row, Decimals decimals)
      : relation_(relation), row_(row), decimals_(decimals) {}

  std::size_t size() const override { return row_.size(); }
  State state(std::size_t column) const override {
    switch (row_[column].kind) {
      case Field::Kind::null:
        return State::null;
      case Field::Kind::unchanged:
        return State::absent;
      case Field::Kind::text:
        return State::value;
    }
    return State::null;
  }
  void append_json(std::string& out, std::size_t column) const override {
    append_value(out, row_[column].text, *relation_.types_of_columns[column], decimals_);
  }
  void append_text(std::string& out, std::size_t column) const override {
    out += row_[column].text;
  }

 private:
  const Relation& relation_;
  const Row& row_;
  const Decimals decimals_;
};

}  // namespace

EnvelopeWriter::EnvelopeWriter(Setup setup)
    : decimals_(setup.decimals), writer_({"postgres", setup.connector, setup.envelope}) {
  source_start_ = R"({"connector":"postgresql","name":)";
  append_quoted(source_start_, setup.connector);
  source_start_ += R"(,"db":)";
  append_quoted(source_start_, setup.database);
}

void EnvelopeWriter::write(const Change& change, const ChangePlace& place,
                           model::BatchBuilder& into) {
  place_ = place;
  std::optional<Values> before, after;
  if (change.before != nullptr) before.emplace(*change.relation, *change.before, decimals_);
  if (change.after != nullptr) after.emplace(*change.relation, *change.after, decimals_);
  writer_.write({change.kind, change.relation, before ? &*before : nullptr, change.before_is_key,
                 after ? &*after : nullptr, place.index, place.time_us},
                *this, into);
}

void EnvelopeWriter::append_place(std::string& out) const {
  fmt::format_to(std::back_inserter(out), "{}/{:016X}", history_, place_.commit);
}

void EnvelopeWriter::append_source(std::string& out, const database::RowChange& change) {
  out += source_start_;
  out += R"(,"schema":)";
  append_quoted(out, change.table->schema);
  out += R"(,"table":)";
  append_quoted(out, change.table->table);
  const bool snapshot = change.kind == Change::Kind::read;
  fmt::format_to(std::back_inserter(out), R"(,"snapshot":"{}","txId":{},"lsn":{},"ts_ms":{}}})",
                 snapshot, snapshot ? "null" : fmt::to_string(place_.xid), place_.commit,
                 place_.time_us / 1000);
}

void EnvelopeWriter::add_headers(std::vector<model::Header>& headers,
                                 const database::RowChange& change) {
  lsn_ = lsn_text(place_.commit);
  headers.push_back({"lsn", lsn_});
  if (change.kind == Change::Kind::read) return;
  xid_.clear();
  fmt::format_to(std::back_inserter(xid_), "{}", place_.xid);
  headers.push_back({"xid", xid_});
}

}  // namespace pelton::postgres
