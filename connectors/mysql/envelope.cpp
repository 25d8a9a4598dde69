// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/envelope.h"

#include "connectors/database/json_text.h"

#include <fmt/format.h>

#include <iterator>

namespace pelton::mysql {

using database::append_quoted;
using database::ChangeKind;

EnvelopeWriter::EnvelopeWriter(Setup setup)
    : decimals_(setup.decimals), writer_({"mysql", setup.connector, setup.envelope}) {
  source_start_ = R"({"connector":"mysql","name":)";
  append_quoted(source_start_, setup.connector);
}

void EnvelopeWriter::write(const database::RowChange& change, const ChangePlace& place,
                           model::BatchBuilder& into) {
  place_ = &place;
  writer_.write(change, *this, into);
}

void EnvelopeWriter::append_place(std::string& out) const {
  out += history_;
  out += '/';
  out += place_->id;
}

void EnvelopeWriter::append_source(std::string& out, const database::RowChange& change) {
  out += source_start_;
  out += R"(,"db":)";
  append_quoted(out, change.table->schema);
  out += R"(,"table":)";
  append_quoted(out, change.table->table);
  const bool snapshot = change.kind == ChangeKind::read;
  fmt::format_to(std::back_inserter(out), R"(,"snapshot":"{}","server_id":{},"gtid":)", snapshot,
                 place_->server_id);
  if (place_->gtid.empty())
    out += "null";
  else
    append_quoted(out, place_->gtid);
  out += R"(,"file":)";
  append_quoted(out, place_->log.file);
  fmt::format_to(std::back_inserter(out), R"(,"pos":{},"row":{},"ts_ms":{}}})", place_->log.offset,
                 change.index, change.time_us / 1000);
}

void EnvelopeWriter::add_headers(std::vector<model::Header>& headers,
                                 const database::RowChange& change) {
  if (change.kind == ChangeKind::read) return;
  headers.push_back({place_->gtid.empty() ? "position" : "gtid", place_->id});
}

}  // namespace pelton::mysql
