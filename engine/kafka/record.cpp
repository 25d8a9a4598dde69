// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/record.h"

#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "engine/kafka/handles.h"

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

}  // namespace

void RecordReader::read_headers(const rd_kafka_message_s& record) {
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
void RecordReader::read_binary_cloud_event() {
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

void RecordReader::add(const rd_kafka_message_s& record, std::uint32_t delta,
                       model::BatchBuilder& batch) {
  read_headers(record);
  event_.id = event_.subject = event_.content_type = {};
  event_.source = source_;
  event_.type = kType;
  event_.has_key = record.key != nullptr;
  event_.key = view(record.key, record.key_len);
  event_.has_data = record.payload != nullptr;
  event_.data = view(record.payload, record.len);
  const std::int64_t time = rd_kafka_message_timestamp(&record, nullptr);
  event_.time_us = time < 0 ? 0 : time * 1000;
  if (!event_.headers.empty()) {
    event_.content_type = header(event_, "content-type");
    if (!header(event_, "ce_specversion").empty())
      read_binary_cloud_event();
    else if (event_.content_type.starts_with(kStructured))
      structured_.read(event_.data, event_);
  }
  batch.add_at(event_, delta);
}

}  // namespace pelton::kafka
