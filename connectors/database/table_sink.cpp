// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/table_sink.h"

#include "connectors/database/table_writing.h"
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
      ledger_(ledger),
      high_water_(ledger) {}

Status TableSink::connect() {
  reader_.reset();
  const auto looked = look();
  return looked ? Status{} : std::unexpected(looked.error());
}

Result<bool> TableSink::look() {
  auto table = target_->connect();
  if (!table) return std::unexpected(std::move(table).error());
  if (reader_ && *table == table_) return false;
  reader_.reset();  // it reads table_
  table_ = std::move(*table);
  auto reader = RowReader::make(options_, table_);
  if (!reader) return std::unexpected(std::move(reader).error());
  reader_.emplace(std::move(*reader));
  return true;
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

Result<Written> TableSink::begin(const model::Batch& batch, const connector::SinkPosition& position,
                                 const std::string& place, std::int64_t moved) {
  const auto stored = target_->begin(place, careful_);
  if (!stored) return std::unexpected(stored.error());
  auto written = Written::from(*stored, moved, position);
  if (!written) return written;
  if (auto good = high_water_.check(position, *stored, moved); !good)
    return std::unexpected(std::move(good).error());
  for (std::size_t i = 0; i < batch.size(); ++i)
    if (written->behind(batch, i))
      return fail(ErrorKind::invalid, "E7247",
                  "event {} of partition {} of {} comes again, although the table's progress says "
                  "that everything before {} is settled",
                  position.base + batch.delta(i), position.partition.value, position.stream,
                  stored->settled);
  return written;
}

Result<std::vector<connector::SinkFailure>> TableSink::write(
    const model::Batch& batch, const connector::SinkPosition& position) {
  const auto moved_at = moved(position);
  if (!moved_at) return std::unexpected(moved_at.error());
  const std::string place = place_of(position, group_);
  bool looked = false;
  for (int conflicts = 0;;) {
    auto written = begin(batch, position, place, *moved_at);
    if (!written) return std::unexpected(std::move(written).error());
    TableWriting writing({batch, position, table_, *reader_, *target_, careful_}, *written);
    auto done = writing.run();
    careful_ = writing.refused();
    if (done && !*done) continue;
    if (done && writing.failed() && !std::exchange(looked, true)) {
      const auto other = look();
      if (!other) return std::unexpected(other.error());
      if (*other) continue;
    }
    Status ended = done ? Status{} : std::unexpected(std::move(done).error());
    const auto progress = writing.wrote() ? std::optional(written->progress()) : std::nullopt;
    if (ended) ended = target_->end(place, progress);
    if (ended) {
      if (progress) high_water_.raise(position, *progress);
      return std::move(writing).failures();
    }
    if (ended.error().code != "E7246" || ++conflicts > kConflicts)
      return std::unexpected(std::move(ended).error());
  }
}

}  // namespace pelton::database
