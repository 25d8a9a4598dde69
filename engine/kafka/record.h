// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch_builder.h"

#include <string>
#include <string_view>
#include <vector>

struct rd_kafka_message_s;

namespace pelton::kafka {

// Turns records of a topic into events. Key, value and headers are taken byte for byte; a null
// value is a tombstone, a null key no key, a time that the topic does not have (-1) is 0. Records
// in the CloudEvents Kafka binding (binary content mode: headers "ce_*"; structured: content type
// application/cloudevents+json) fill the event's attributes; a structured one that is no valid
// CloudEvent stays what it is, a record with that value. One thread.
class RecordReader {
 public:
  // Events get `source` unless they bring their own.
  explicit RecordReader(std::string source) : source_(std::move(source)) {}

  // Adds the record with its offset's distance from the batch's base.
  void add(const rd_kafka_message_s& record, std::uint32_t delta, model::BatchBuilder& batch);

 private:
  void read_headers(const rd_kafka_message_s& record);
  void read_binary_cloud_event();

  const std::string source_;
  model::EventView event_;  // reused: keeps its room for headers
  std::string owned_;       // what a structured event's views show
};

// A structured CloudEvent (JSON event format 1.0): fills the attributes and the data, whose views
// are into `owned`. False: it is none; the event is as it was.
bool read_structured_cloud_event(std::string_view json, model::EventView& event,
                                 std::string& owned);

}  // namespace pelton::kafka
