// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/records/record_writer.h"

#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "engine/kafka/records/cloud_event_writer.h"

#include <array>
#include <string>

namespace pelton::kafka {
namespace {

void add_header(rd_kafka_headers_t* headers, std::string_view name, std::string_view value) {
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                      static_cast<ssize_t>(value.size()));
}

// What a view of nothing points to: null would make a null of an empty key or value.
void* record_bytes(std::string_view view) {
  return const_cast<char*>(view.empty() ? "" : view.data());
}

void add_attributes(rd_kafka_headers_t* headers, const model::Batch& batch, std::size_t i) {
  add_header(headers, "ce_specversion", "1.0");
  add_header(headers, "ce_id", batch.id(i));
  add_header(headers, "ce_source", batch.source(i));
  add_header(headers, "ce_type", batch.type(i));
  if (!batch.subject(i).empty()) add_header(headers, "ce_subject", batch.subject(i));
  if (batch.time_us(i) > 0) add_header(headers, "ce_time", format_time(from_us(batch.time_us(i))));
}

}  // namespace

Headers headers_of(const model::Batch& batch, std::size_t i, ContentMode mode) {
  const bool cloud_event = is_cloud_event(batch, i);
  const bool structured = cloud_event && mode == ContentMode::structured;
  const std::string_view content_type = structured ? kStructuredType : batch.content_type(i);
  if (!cloud_event && content_type.empty() && batch.header_bytes(i).empty()) return nullptr;
  Headers headers(rd_kafka_headers_new(8));
  if (cloud_event && !structured) add_attributes(headers.get(), batch, i);
  if (!content_type.empty()) add_header(headers.get(), "content-type", content_type);
  if (!batch.header_bytes(i).empty())
    for (const model::Header& header : batch.headers(i)) {
      // A record that was passed on brings its own.
      if (header.name == "content-type" && !content_type.empty()) continue;
      if (structured && !extension_of(header.name).empty()) continue;
      add_header(headers.get(), header.name, header.value);
    }
  return headers;
}

namespace {

// What the client is told of one record.
class Parts {
 public:
  Parts(rd_kafka_topic_t* topic, void* opaque) {
    next(RD_KAFKA_VTYPE_RKT).u.rkt = topic;
    next(RD_KAFKA_VTYPE_OPAQUE).u.ptr = opaque;
  }
  void bytes(rd_kafka_vtype_t type, std::string_view view) {
    auto& part = next(type);
    part.u.mem.ptr = record_bytes(view);
    part.u.mem.size = view.size();
  }
  // Not kept by the caller until the record is delivered.
  void copied(rd_kafka_vtype_t type, std::string_view view) {
    bytes(type, view);
    next(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  }
  void time(std::int64_t ms) {
    if (ms > 0) next(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = ms;
  }
  void partition(PartitionId partition) {
    next(RD_KAFKA_VTYPE_PARTITION).u.i32 = static_cast<std::int32_t>(partition.value);
  }
  // Headers are the client's once it has taken the record.
  rd_kafka_resp_err_t send(rd_kafka_t* client, Headers headers) {
    if (headers) next(RD_KAFKA_VTYPE_HEADERS).u.headers = headers.get();
    const KafkaError error(rd_kafka_produceva(client, parts_.data(), count_));
    if (error) return rd_kafka_error_code(error.get());
    headers.release();
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }

 private:
  rd_kafka_vu_t& next(rd_kafka_vtype_t type) {
    parts_[count_].vtype = type;
    return parts_[count_++];
  }

  std::array<rd_kafka_vu_t, 8> parts_{};
  std::size_t count_ = 0;
};

Headers headers_of(const RawRecord& record) {
  if (record.headers.empty()) return nullptr;
  Headers headers(rd_kafka_headers_new(record.headers.size()));
  for (const RawHeader& header : record.headers)
    rd_kafka_header_add(headers.get(), header.name.data(), static_cast<ssize_t>(header.name.size()),
                        header.value ? header.value->data() : nullptr,
                        header.value ? static_cast<ssize_t>(header.value->size()) : 0);
  return headers;
}

}  // namespace

rd_kafka_resp_err_t produce(rd_kafka_t* client, rd_kafka_topic_t* topic, ContentMode mode,
                            const model::Batch& batch, std::size_t i,
                            std::optional<PartitionId> partition, void* opaque) {
  Parts parts(topic, opaque);
  if (partition) parts.partition(*partition);
  std::string structured;
  if (mode == ContentMode::structured && is_cloud_event(batch, i))
    parts.copied(RD_KAFKA_VTYPE_VALUE, structured = structured_cloud_event(batch, i));
  else if (batch.has_data(i))
    parts.bytes(RD_KAFKA_VTYPE_VALUE, batch.data(i));
  if (batch.has_key(i)) parts.bytes(RD_KAFKA_VTYPE_KEY, batch.key(i));
  parts.time(batch.time_us(i) / 1000);
  return parts.send(client, headers_of(batch, i, mode));
}

rd_kafka_resp_err_t produce(rd_kafka_t* client, rd_kafka_topic_t* topic, const RawRecord& record,
                            void* opaque) {
  Parts parts(topic, opaque);
  if (record.value) parts.bytes(RD_KAFKA_VTYPE_VALUE, *record.value);
  if (record.key) parts.bytes(RD_KAFKA_VTYPE_KEY, *record.key);
  parts.time(record.time_ms);
  if (record.partition) parts.partition(*record.partition);
  return parts.send(client, headers_of(record));
}

}  // namespace pelton::kafka
