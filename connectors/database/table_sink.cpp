// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/table_sink.h"

#include "connectors/database/table_writing.h"
#include "connectors/database/written.h"
#include "engine/model/records.h"

#include <charconv>
#include <utility>

namespace pelton::database {
namespace {

// How often a transaction that others were in the way of is tried again at once.
constexpr int kConflicts = 5;

}  // namespace

TableSink::TableSink(SinkOptions options, std::string group, std::unique_ptr<Target> target,
                     connector::Ledger& ledger)
    : options_(std::move(options)),
      group_(std::move(group)),
      target_(std::move(target)),
      ledger_(ledger) {}

Status TableSink::connect() {
  reader_.reset();
  auto table = target_->connect();
  if (!table) return std::unexpected(std::move(table).error());
  table_ = std::move(*table);
  auto reader = RowReader::make(options_, table_);
  if (!reader) return std::unexpected(std::move(reader).error());
  reader_.emplace(std::move(*reader));
  return {};
}

void TableSink::close() {
  reader_.reset();
  target_->close();
}

Result<std::int64_t> TableSink::moved(const connector::SinkPosition& position) {
  const auto text = ledger_.get(model::moved_key(position.partition));
  if (!text) return std::unexpected(text.error());
  std::int64_t out = 0;
  if (*text) std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), out);
  return out;
}

Result<std::vector<connector::SinkFailure>> TableSink::write(
    const model::Batch& batch, const connector::SinkPosition& position) {
  const auto moved_at = moved(position);
  if (!moved_at) return std::unexpected(moved_at.error());
  const std::string place = place_of(position, group_);
  for (int conflicts = 0;;) {
    const auto stored = target_->begin(place, careful_);
    if (!stored) return std::unexpected(stored.error());
    auto written = Written::from(*stored, *moved_at, position);
    if (!written) return std::unexpected(std::move(written).error());
    for (std::size_t i = 0; i < batch.size(); ++i)
      if (written->behind(batch, i))
        return fail(
            ErrorKind::invalid, "E7247",
            "event {} of partition {} of {} comes again, although the table's progress says "
            "that everything before {} is settled",
            position.base + batch.delta(i), position.partition.value, position.stream,
            stored->settled);
    TableWriting writing({batch, position, table_, *reader_, *target_, careful_}, *written);
    const auto done = writing.run();
    careful_ = writing.refused();
    Status ended = done ? Status{} : std::unexpected(done.error());
    if (done && !*done) continue;
    if (ended)
      ended =
          target_->end(place, writing.wrote() ? std::optional(written->progress()) : std::nullopt);
    if (ended) return std::move(writing).failures();
    if (ended.error().code != "E7246" || ++conflicts > kConflicts)
      return std::unexpected(ended.error());
  }
}

}  // namespace pelton::database
