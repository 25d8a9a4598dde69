// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/records/raw_record.h"
#include "engine/kafka/records/schema_decoder.h"
#include "engine/model/batch_builder.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct rd_kafka_message_s;

namespace pelton::kafka {

// Reads structured CloudEvents (JSON event format 1.0). One thread.
class CloudEventReader {
 public:
  CloudEventReader();
  ~CloudEventReader();
  // Fills attributes and data, whose views hold until the next call. False: it is none; the event
  // is as it was.
  bool read(std::string_view json, model::EventView& event);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;  // the parser's header is heavy
};

// Turns records of a topic into events. Key, value and headers are taken byte for byte; a null
// value is a tombstone, a null key no key, a negative time is 0, one beyond the year 9999 is its
// last millisecond. Records in the CloudEvents Kafka binding (binary content mode: headers "ce_*";
// structured: content type application/cloudevents+json) fill the event's attributes, id, source
// and type among them; what lacks one of these three is no valid CloudEvent and stays what it is, a
// plain record. With `schemas`, values and keys in the wire format of a schema registry become
// JSON; what cannot be decoded is an event with a fault (Batch::fault()) and the record's own
// value. One thread.
class RecordDecoder {
 public:
  // Events get `source` unless they bring their own.
  explicit RecordDecoder(std::string source, std::unique_ptr<SchemaDecoder> schemas = nullptr)
      : source_(std::move(source)), schemas_(std::move(schemas)) {}

  // Adds the record with its offset's distance from the batch's base. False: it was not added, as
  // its schema is not known yet.
  [[nodiscard]] bool add(const rd_kafka_message_s& record, std::uint32_t delta,
                         model::BatchBuilder& batch);
  // Null: values are left as they are.
  SchemaDecoder* schemas() { return schemas_.get(); }

  // Adds it to a batch whose events get new offsets, its value as it is.
  void add(const RawRecord& record, model::BatchBuilder& batch);

 private:
  void read(const rd_kafka_message_s& record);
  void read_headers(const rd_kafka_message_s& record);
  void interpret();
  void read_binary_cloud_event();

  const std::string source_;
  const std::unique_ptr<SchemaDecoder> schemas_;
  model::EventView event_;  // reused: keeps its room for headers
  CloudEventReader structured_;
};

// False: event i, which a RecordDecoder made, does not hold its record byte for byte: the record
// was a CloudEvent, or has a header that is empty or null, which the event does not tell apart, or
// its value or key was decoded.
bool holds_record(const model::Batch& batch, std::size_t i);

}  // namespace pelton::kafka
