// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/records/record_decoder.h"

#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "engine/kafka/client/handles.h"

#include <algorithm>

namespace pelton::kafka {
namespace {

constexpr std::string_view kType = "kafka.record";
constexpr std::string_view kStructured = "application/cloudevents+json";

std::string_view view(const void* bytes, std::size_t size) {
  return bytes == nullptr ? std::string_view{}
                          : std::string_view(static_cast<const char*>(bytes), size);
}

std::string_view header(const model::EventView& event, std::string_view name) {
  const auto at = std::ranges::find(event.headers, name, &model::Header::name);
  return at == event.headers.end() ? std::string_view{} : at->value;
}

// Producers write what they like: none (-1), seconds, nanoseconds. Times beyond the year 9999,
// which no text form of a time has, are that year's last one.
std::int64_t time_of(std::int64_t ms) {
  constexpr std::int64_t kLast = 253'402'300'799'999;
  return std::clamp<std::int64_t>(ms, 0, kLast) * 1000;
}

bool is_binary_cloud_event(const model::EventView& event) {
  return !header(event, "ce_specversion").empty() && !header(event, "ce_id").empty() &&
         !header(event, "ce_source").empty() && !header(event, "ce_type").empty();
}

}  // namespace

void RecordDecoder::read_headers(const rd_kafka_message_s& record) {
  event_.headers.clear();
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&record, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    event_.headers.push_back({name, view(value, size)});
}

// The attributes leave the headers; extensions and the record's own headers stay.
void RecordDecoder::read_binary_cloud_event() {
  event_.id = header(event_, "ce_id");
  event_.source = header(event_, "ce_source");
  event_.type = header(event_, "ce_type");
  event_.subject = header(event_, "ce_subject");
  if (const auto time = parse_time(header(event_, "ce_time"))) event_.time_us = to_us(*time);
  std::erase_if(event_.headers, [](const model::Header& h) {
    return h.name == "ce_specversion" || h.name == "ce_id" || h.name == "ce_source" ||
           h.name == "ce_type" || h.name == "ce_subject" || h.name == "ce_time" ||
           h.name == "content-type";
  });
}

bool RecordDecoder::add(const rd_kafka_message_s& record, std::uint32_t delta,
                        model::BatchBuilder& batch) {
  read(record);
  const auto outcome = schemas_ ? schemas_->decode(event_) : SchemaDecoder::Outcome::done;
  if (outcome == SchemaDecoder::Outcome::waits) return false;
  batch.add_at(event_, delta);
  if (outcome == SchemaDecoder::Outcome::fault) batch.fault(schemas_->why());
  return true;
}

// The headers' views, key, data and time are there: the rest follows from them.
void RecordDecoder::interpret() {
  event_.id = event_.subject = event_.content_type = {};
  event_.source = source_;
  event_.type = kType;
  if (event_.headers.empty()) return;
  event_.content_type = header(event_, "content-type");
  if (is_binary_cloud_event(event_))
    read_binary_cloud_event();
  else if (event_.content_type.starts_with(kStructured))
    structured_.read(event_.data, event_);
}

void RecordDecoder::read(const rd_kafka_message_s& record) {
  read_headers(record);
  event_.has_key = record.key != nullptr;
  event_.key = view(record.key, record.key_len);
  event_.has_data = record.payload != nullptr;
  event_.data = view(record.payload, record.len);
  event_.time_us = time_of(rd_kafka_message_timestamp(&record, nullptr));
  interpret();
}

void RecordDecoder::add(const RawRecord& record, model::BatchBuilder& batch) {
  event_.headers.clear();
  for (const RawHeader& each : record.headers)
    event_.headers.push_back({each.name, each.value ? std::string_view(*each.value) : ""});
  event_.has_key = record.key.has_value();
  event_.key = record.key ? std::string_view(*record.key) : std::string_view{};
  event_.has_data = record.value.has_value();
  event_.data = record.value ? std::string_view(*record.value) : std::string_view{};
  event_.time_us = time_of(record.time_ms);
  interpret();
  batch.add(event_);
}

bool holds_record(const model::Batch& batch, std::size_t i) {
  if (!batch.id(i).empty()) return false;
  if (batch.header_bytes(i).empty()) return true;
  return std::ranges::none_of(batch.headers(i), [](const model::Header& h) {
    return h.value.empty() || h.name == kSchemaId || h.name == kKeySchemaId;
  });
}

}  // namespace pelton::kafka
