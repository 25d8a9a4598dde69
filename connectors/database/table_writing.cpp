// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/table_writing.h"

#include <algorithm>
#include <utility>

namespace pelton::database {
namespace {

// Of a slice: what its values may take in memory, and in the batch.
constexpr std::size_t kSliceBytes = 4U << 20;

// Which columns a row has, and that it is to be deleted.
std::string shape_of(std::span<const Value> row, bool remove) {
  std::string out(1, remove ? 'd' : 'w');
  for (const Value& value : row) out += value.state == Value::State::absent ? '-' : 'x';
  return out;
}

std::vector<std::size_t> columns_in(const std::string& shape) {
  std::vector<std::size_t> out;
  for (std::size_t i = 1; i < shape.size(); ++i)
    if (shape[i] == 'x') out.push_back(i - 1);
  return out;
}

}  // namespace

TableWriting::TableWriting(Parts parts, Written& written)
    : parts_(parts), written_(written), lanes_(parts.batch, parts.position.order) {}

Result<bool> TableWriting::run() {
  for (std::size_t next = 0; next < parts_.batch.size();) {
    next = fill(next);
    auto done = write_slice();
    if (!done || !*done) return done;
  }
  return true;
}

std::size_t TableWriting::fill(std::size_t from) {
  texts_.clear();
  values_.clear();
  events_.clear();
  removes_.clear();
  bytes_ = 0;
  while (from < parts_.batch.size() && bytes_ < kSliceBytes) take(from++);
  return from;
}

void TableWriting::take(std::size_t i) {
  if (written_.has(parts_.batch, i)) return;
  if (lanes_.blocked(i))
    return fail(i, {ErrorKind::overloaded, "", "an earlier event of its key has failed"});
  const std::size_t at = events_.size();
  values_.resize(values_.size() + parts_.table.columns.size());
  auto remove = parts_.reader.read(parts_.batch, i, row(at), texts_);
  if (!remove) {
    values_.resize(at * parts_.table.columns.size());
    return fail(i, std::move(remove).error());
  }
  events_.push_back(i);
  removes_.push_back(*remove);
  for (const Value& value : row(at)) bytes_ += sizeof(Value) + value.text.size();
}

// Whatever its values hold, two keys have one text only if they are the same.
std::string_view TableWriting::key_of(std::size_t at) {
  std::string text;
  for (const std::size_t column : parts_.reader.key()) {
    const std::string_view value = row(at)[column].text;
    text += std::to_string(value.size());
    text += ':';
    text += value;
  }
  return texts_.add(text);
}

Result<bool> TableWriting::write_slice() {
  WritePlan plan;
  for (std::size_t at = 0; at < events_.size(); ++at)
    plan.add(at, lanes_.lane(events_[at]), key_of(at), shape_of(row(at), removes_[at]));
  for (const WritePlan::Step& step : plan.steps()) {
    auto done = write_rows(step, columns_in(step.shape), step.rows);
    if (!done || !*done) return done;
  }
  return true;
}

// Those whose lane has failed wait.
std::vector<std::size_t> TableWriting::free_rows(std::span<const std::size_t> rows) {
  std::vector<std::size_t> out;
  out.reserve(rows.size());
  for (const std::size_t at : rows) {
    if (lanes_.blocked(events_[at]))
      fail(events_[at], {ErrorKind::overloaded, "", "an earlier event of its key has failed"});
    else
      out.push_back(at);
  }
  return out;
}

Result<bool> TableWriting::write_rows(const WritePlan::Step& step,
                                      std::span<const std::size_t> columns,
                                      std::span<const std::size_t> all) {
  const std::vector<std::size_t> rows = free_rows(all);
  if (rows.empty()) return true;
  std::vector<std::span<const Value>> views;
  views.reserve(rows.size());
  for (const std::size_t at : rows) views.push_back(row(at));
  auto refused = parts_.target.run({step.shape.front() == 'd', columns, views});
  if (!refused) return std::unexpected(std::move(refused).error());
  if (!*refused) {
    wrote_ = true;
    for (const std::size_t at : rows) written_.add(parts_.batch, events_[at]);
    return true;
  }
  refused_ = true;
  if (!parts_.careful) return false;
  if (rows.size() == 1) {
    fail(events_[rows.front()], std::move(**refused));
    return true;
  }
  const std::span<const std::size_t> both(rows);
  auto done = write_rows(step, columns, both.first(rows.size() / 2));
  if (!done || !*done) return done;
  return write_rows(step, columns, both.subspan(rows.size() / 2));
}

void TableWriting::fail(std::size_t event, Error error) {
  lanes_.failed(event);
  failures_.push_back({event, std::move(error)});
}

std::vector<connector::SinkFailure> TableWriting::failures() && {
  std::ranges::sort(failures_, {}, &connector::SinkFailure::index);
  return std::move(failures_);
}

}  // namespace pelton::database
