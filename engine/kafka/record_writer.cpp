// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/record_writer.h"

#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "engine/kafka/cloud_event_writer.h"

#include <array>
#include <string>

namespace pelton::kafka {
namespace {

void add(rd_kafka_headers_t* headers, std::string_view name, std::string_view value) {
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                      static_cast<ssize_t>(value.size()));
}

// What a view of nothing points to: null would make a null of an empty key or value.
void* bytes_of(std::string_view view) {
  return const_cast<char*>(view.empty() ? "" : view.data());
}

void add_attributes(rd_kafka_headers_t* headers, const model::Batch& batch, std::size_t i) {
  add(headers, "ce_specversion", "1.0");
  add(headers, "ce_id", batch.id(i));
  add(headers, "ce_source", batch.source(i));
  add(headers, "ce_type", batch.type(i));
  if (!batch.subject(i).empty()) add(headers, "ce_subject", batch.subject(i));
  if (batch.time_us(i) > 0) add(headers, "ce_time", format_time(from_us(batch.time_us(i))));
}

}  // namespace

Headers headers_of(const model::Batch& batch, std::size_t i, ContentMode mode) {
  const bool cloud_event = is_cloud_event(batch, i);
  const bool structured = cloud_event && mode == ContentMode::structured;
  const std::string_view content_type = structured ? kStructuredType : batch.content_type(i);
  if (!cloud_event && content_type.empty() && batch.header_bytes(i).empty()) return nullptr;
  Headers headers(rd_kafka_headers_new(8));
  if (cloud_event && !structured) add_attributes(headers.get(), batch, i);
  if (!content_type.empty()) add(headers.get(), "content-type", content_type);
  if (!batch.header_bytes(i).empty())
    for (const model::Header& header : batch.headers(i)) {
      // A record that was passed on brings its own.
      if (header.name == "content-type" && !content_type.empty()) continue;
      if (structured && !extension_of(header.name).empty()) continue;
      add(headers.get(), header.name, header.value);
    }
  return headers;
}

rd_kafka_resp_err_t produce(rd_kafka_t* client, rd_kafka_topic_t* topic, ContentMode mode,
                            const model::Batch& batch, std::size_t i, void* opaque) {
  std::array<rd_kafka_vu_t, 7> parts{};
  std::size_t count = 0;
  const auto next = [&](rd_kafka_vtype_t type) -> rd_kafka_vu_t& {
    parts[count].vtype = type;
    return parts[count++];
  };
  const auto bytes = [&](rd_kafka_vtype_t type, std::string_view view) {
    auto& part = next(type);
    part.u.mem.ptr = bytes_of(view);
    part.u.mem.size = view.size();
  };
  next(RD_KAFKA_VTYPE_RKT).u.rkt = topic;
  next(RD_KAFKA_VTYPE_OPAQUE).u.ptr = opaque;
  std::string structured;
  if (mode == ContentMode::structured && is_cloud_event(batch, i)) {
    structured = structured_cloud_event(batch, i);
    bytes(RD_KAFKA_VTYPE_VALUE, structured);
    next(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  } else if (batch.has_data(i)) {
    bytes(RD_KAFKA_VTYPE_VALUE, batch.data(i));
  }
  if (batch.has_key(i)) bytes(RD_KAFKA_VTYPE_KEY, batch.key(i));
  if (batch.time_us(i) > 0) next(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = batch.time_us(i) / 1000;
  Headers headers = headers_of(batch, i, mode);
  if (headers) next(RD_KAFKA_VTYPE_HEADERS).u.headers = headers.get();
  const KafkaError error(rd_kafka_produceva(client, parts.data(), count));
  if (error) return rd_kafka_error_code(error.get());
  headers.release();  // the client's now
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace pelton::kafka
