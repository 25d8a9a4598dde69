// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/records/record_size.h"

#include "engine/kafka/records/cloud_event_writer.h"
#include "engine/kafka/records/record_writer.h"

#include <bit>
#include <optional>

namespace pelton::kafka {
namespace {

constexpr std::uint64_t kBatchHeader = 61;
// Attributes, and the distances of time and offset from the batch's first record: nought.
constexpr std::uint64_t kRecordHeader = 3;

// Of a length as the format writes it: zigzag, seven bits a byte.
std::uint64_t length_bytes(std::uint64_t length) {
  return (static_cast<std::uint64_t>(std::bit_width(2 * length)) + 6) / 7 + (length == 0 ? 1 : 0);
}
std::uint64_t field_bytes(std::optional<std::uint64_t> size) {
  return size ? length_bytes(*size) + *size : 1;
}
template <typename T>
std::optional<std::uint64_t> size_of(const std::optional<T>& field) {
  return field ? std::optional<std::uint64_t>(field->size()) : std::nullopt;
}

std::uint64_t with_frame(std::uint64_t fields) {
  return kBatchHeader + field_bytes(kRecordHeader + fields);
}

std::uint64_t header_bytes_of(const rd_kafka_headers_t* headers) {
  if (headers == nullptr) return length_bytes(0);
  const std::size_t count = rd_kafka_header_cnt(headers);
  std::uint64_t bytes = length_bytes(count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    rd_kafka_header_get_all(headers, i, &name, &value, &size);
    bytes += field_bytes(std::string_view(name).size()) + field_bytes(size);
  }
  return bytes;
}

}  // namespace

std::uint64_t record_batch_bytes(const RawRecord& record) {
  std::uint64_t bytes = field_bytes(size_of(record.key)) + field_bytes(size_of(record.value)) +
                        length_bytes(record.headers.size());
  for (const RawHeader& header : record.headers)
    bytes += field_bytes(header.name.size()) + field_bytes(size_of(header.value));
  return with_frame(bytes);
}

std::uint64_t record_batch_bytes(ContentMode mode, const model::Batch& batch, std::size_t i) {
  std::optional<std::uint64_t> key, value;
  if (batch.has_key(i)) key = batch.key(i).size();
  if (mode == ContentMode::structured && is_cloud_event(batch, i))
    value = structured_cloud_event(batch, i).size();
  else if (batch.has_data(i))
    value = batch.data(i).size();
  const Headers headers = headers_of(batch, i, mode);
  return with_frame(field_bytes(key) + field_bytes(value) + header_bytes_of(headers.get()));
}

std::uint64_t record_batch_bound(ContentMode mode, const model::Batch& batch, std::size_t i) {
  constexpr std::uint64_t kNames = 1'024;  // of the attributes, and all lengths
  // In JSON a byte is six at most.
  const std::uint64_t most = mode == ContentMode::structured ? 6 : 1;
  const std::uint64_t attributes = batch.id(i).size() + batch.source(i).size() +
                                   batch.type(i).size() + batch.subject(i).size() +
                                   batch.content_type(i).size();
  return kNames + batch.key(i).size() +
         most * (batch.data(i).size() + attributes + 2 * batch.header_bytes(i).size());
}

}  // namespace pelton::kafka
