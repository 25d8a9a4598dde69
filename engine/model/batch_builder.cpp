// SPDX-License-Identifier: Apache-2.0
#include "engine/model/batch_builder.h"

#include "engine/base/ensure.h"
#include "engine/base/hash.h"
#include "engine/model/wire.h"

#include <algorithm>

namespace pelton::model {

void BatchBuilder::Blob::add(std::string_view value) {
  bytes.append(value);
  used |= !value.empty();
  ENSURE(bytes.size() <= UINT32_MAX, "a batch is bounded below 4 GiB by its callers");
  end.push_back(static_cast<std::uint32_t>(bytes.size()));
}

void BatchBuilder::Blob::write(std::string& out, std::uint32_t field) const {
  if (!used) return;
  wire::put_delimited(out, field, bytes);
  write_values(out, field + 1, end.data(), end.size() * sizeof(std::uint32_t));
}

void BatchBuilder::Blob::clear() {
  bytes.clear();
  end.clear();
  used = false;
}

void BatchBuilder::write_values(std::string& out, std::uint32_t field, const void* values,
                                std::size_t bytes) {
  wire::put_delimited(out, field, {static_cast<const char*>(values), bytes});
}

template <typename T>
void BatchBuilder::write_column(std::string& out, std::uint32_t field, const Column<T>& column) {
  if (column.values.empty() || (column.uniform && column.values.front() == T{})) return;
  const std::size_t entries = column.uniform ? 1 : column.values.size();
  write_values(out, field, column.values.data(), entries * sizeof(T));
}

std::uint32_t BatchBuilder::word(std::string_view text) {
  // Entry 0 is the default of all three columns, so it stays the empty string.
  if (dictionary_.empty()) {
    dictionary_.emplace_back();
    words_.emplace(std::string(), 0U);
  }
  if (text.empty()) return 0;
  const auto [at, added] =
      words_.try_emplace(std::string(text), static_cast<std::uint32_t>(dictionary_.size()));
  if (added) dictionary_.emplace_back(text);
  return at->second;
}

void BatchBuilder::add(const EventView& event) {
  data_.add(event.has_data ? event.data : std::string_view{});
  key_.add(event.has_key ? event.key : std::string_view{});
  subject_.add(event.subject);
  id_.add(event.id);
  headers_.add(event.headers.empty() ? std::string() : encode_headers(event.headers));
  flags_.add(static_cast<std::uint8_t>((event.has_key ? Batch::kHasKey : 0) |
                                       (event.has_data ? 0 : Batch::kNoData)));
  time_.add(event.time_us);
  const std::string_view now[3] = {event.type, event.source, event.content_type};
  for (int i = 0; i < 3; ++i) {
    if (count_ != 0 && now[i] == last_word_[i]) continue;
    last_word_[i] = now[i];
    last_index_[i] = word(now[i]);
  }
  type_.add(last_index_[0]);
  source_.add(last_index_[1]);
  content_type_.add(last_index_[2]);
  ++count_;
}

void BatchBuilder::add_plain(const Batch& from, std::size_t i) {
  EventView view;
  view.id = from.id(i);
  view.source = from.source(i);
  view.type = from.type(i);
  view.subject = from.subject(i);
  view.content_type = from.content_type(i);
  view.key = from.key(i);
  view.data = from.data(i);
  view.time_us = from.time_us(i);
  view.has_key = from.has_key(i);
  view.has_data = from.has_data(i);
  add(view);
  if (from.has_faults())
    if (const Error* why = from.fault(i)) fault(*why);
  const std::string_view headers = from.header_bytes(i);
  if (headers.empty()) return;
  headers_.bytes.append(headers);
  headers_.used = true;
  headers_.end.back() = static_cast<std::uint32_t>(headers_.bytes.size());
}

void BatchBuilder::fault(Error why) {
  ENSURE(count_ > 0, "a fault is that of an event");
  fault_bytes_ += sizeof(Batch::Fault) + why.message.size();
  faults_.push_back({static_cast<std::uint32_t>(count_ - 1), std::move(why)});
}

void BatchBuilder::add(const Batch& from, std::size_t i) {
  ENSURE(offset_delta_.empty(), "events with and without an offset delta mixed in one batch");
  add_plain(from, i);
}

void BatchBuilder::Blob::add_range(const Batch::Blob& from, std::size_t first, std::size_t count) {
  const auto base = static_cast<std::uint32_t>(bytes.size());
  if (from.end.count == 0) {
    end.insert(end.end(), count, base);
    return;
  }
  const std::uint32_t begin = first == 0 ? 0 : from.end.at(first - 1, 0);
  const std::uint32_t last = from.end.at(first + count - 1, 0);
  bytes.append(from.bytes.substr(begin, last - begin));
  ENSURE(bytes.size() <= UINT32_MAX, "a batch is bounded below 4 GiB by its callers");
  used |= last > begin;
  for (std::size_t i = first; i < first + count; ++i)
    end.push_back(from.end.at(i, 0) - begin + base);
}

void BatchBuilder::add_words(Column<std::uint32_t>& to, const Batch& from,
                             const Batch::Column<std::uint32_t>& column, std::size_t first,
                             std::size_t count) {
  std::uint32_t last = 0;
  std::uint32_t mapped = from.dictionary_.empty() ? 0 : word(from.dictionary_[0]);
  for (std::size_t i = first; i < first + count; ++i) {
    const std::uint32_t index = column.at(i, 0);
    if (index != last) {
      last = index;
      mapped = word(from.dictionary_[index]);
    }
    to.add(mapped);
  }
}

void BatchBuilder::add_range(const Batch& from, std::size_t first, std::size_t count) {
  ENSURE(offset_delta_.empty(), "events with and without an offset delta mixed in one batch");
  ENSURE(count > 0 && first + count <= from.size(), "range {}+{} of a batch of {}", first, count,
         from.size());
  data_.add_range(from.data_, first, count);
  key_.add_range(from.key_, first, count);
  subject_.add_range(from.subject_, first, count);
  id_.add_range(from.id_, first, count);
  headers_.add_range(from.headers_, first, count);
  for (std::size_t i = first; i < first + count; ++i) {
    flags_.add(from.flag(i));
    time_.add(from.time_us(i));
  }
  add_words(type_, from, from.type_, first, count);
  add_words(source_, from, from.source_, first, count);
  add_words(content_type_, from, from.content_type_, first, count);
  // What add() remembers of the event before it does not hold any more.
  for (const Batch::Fault& each : from.faults_)
    if (each.index >= first && each.index < first + count) {
      faults_.push_back({static_cast<std::uint32_t>(count_ + each.index - first), each.error});
      fault_bytes_ += sizeof(Batch::Fault) + each.error.message.size();
    }
  count_ += count;
  for (int i = 0; i < 3; ++i) {
    last_word_[i].clear();
    last_index_[i] = 0;
  }
}

void BatchBuilder::note_delta(std::uint32_t offset_delta) {
  ENSURE(offset_delta_.size() == count_,
         "events with and without an offset delta mixed in one batch");
  ENSURE(offset_delta_.empty() || offset_delta_.back() < offset_delta, "offset deltas ascend");
  offset_delta_.push_back(offset_delta);
}

void BatchBuilder::add_at(const Batch& from, std::size_t i, std::uint32_t offset_delta) {
  note_delta(offset_delta);
  add_plain(from, i);
}

void BatchBuilder::add_at(const EventView& event, std::uint32_t offset_delta) {
  note_delta(offset_delta);
  add(event);
}

std::size_t BatchBuilder::payload_bytes() const {
  return data_.bytes.size() + key_.bytes.size() + headers_.bytes.size() + subject_.bytes.size() +
         fault_bytes_;
}

std::string BatchBuilder::encode() {
  ENSURE(count_ > 0, "an empty batch is not encoded");
  std::string out;
  out.reserve(payload_bytes() + id_.bytes.size() + count_ * 24 + 256);
  wire::put_tag(out, 1, wire::varint);
  wire::put_varint(out, count_);
  data_.write(out, 2);
  key_.write(out, 4);
  write_column(out, 6, flags_);
  write_column(out, 7, time_);
  if (dictionary_.size() > 1)
    for (const std::string& text : dictionary_) wire::put_delimited(out, 8, text);
  write_column(out, 9, type_);
  write_column(out, 10, source_);
  write_column(out, 11, content_type_);
  subject_.write(out, 12);
  id_.write(out, 14);
  headers_.write(out, 16);
  bool gaps = false;
  for (std::size_t i = 0; i < offset_delta_.size(); ++i) gaps |= offset_delta_[i] != i;
  if (gaps)
    write_values(out, 18, offset_delta_.data(), offset_delta_.size() * sizeof(std::uint32_t));
  return out;
}

BatchPtr BatchBuilder::finish() {
  auto batch = Batch::read(encode());
  ENSURE(batch.has_value(), "own encoding does not parse: {}", batch.error().message);
  (*batch)->faults_ = std::move(faults_);
  clear();
  return std::move(*batch);
}

void BatchBuilder::clear() {
  count_ = 0;
  for (Blob* blob : {&data_, &key_, &subject_, &id_, &headers_}) blob->clear();
  flags_.clear();
  time_.clear();
  for (auto* column : {&type_, &source_, &content_type_}) column->clear();
  offset_delta_.clear();
  faults_.clear();
  fault_bytes_ = 0;
  dictionary_.clear();
  words_.clear();
  for (int i = 0; i < 3; ++i) {
    last_word_[i].clear();
    last_index_[i] = 0;
  }
}

std::string encode_headers(const std::vector<Header>& headers) {
  std::string out;
  std::string one;
  for (const Header& header : headers) {
    one.clear();
    wire::put_delimited(one, 1, header.name);
    wire::put_delimited(one, 2, header.value);
    wire::put_delimited(out, 1, one);
  }
  return out;
}

std::uint32_t partition_of(const Batch& batch, std::size_t i, std::uint32_t partitions,
                           std::uint32_t keyless) {
  if (partitions == 1) return 0;
  return batch.has_key(i) ? kafka_partition(batch.key(i), partitions) : keyless % partitions;
}

std::vector<PartitionPart> split_by_partition(const BatchPtr& batch, std::uint32_t partitions,
                                              std::uint32_t keyless) {
  std::vector<std::uint32_t> target(batch->size());
  bool together = true;
  for (std::size_t i = 0; i < target.size(); ++i) {
    target[i] = partition_of(*batch, i, partitions, keyless);
    together = together && target[i] == target[0];
  }
  if (together) return {{target[0], batch}};
  std::unordered_map<std::uint32_t, BatchBuilder> builders;
  for (std::size_t i = 0; i < target.size(); ++i) builders[target[i]].add(*batch, i);
  std::vector<PartitionPart> parts;
  parts.reserve(builders.size());
  for (auto& [partition, builder] : builders) parts.push_back({partition, builder.finish()});
  std::ranges::sort(parts, {}, &PartitionPart::partition);
  return parts;
}

}  // namespace pelton::model
