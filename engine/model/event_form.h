// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace pelton::model {

// As what JSON document a function gets events that its runtime does not hand over as they are.
enum class EventShape : std::uint8_t { raw, cloudevents, kafka, sqs, s3, kinesis, dynamodb };

// One document has the events of a whole frame, and its answer is that of all of them.
inline bool is_batch(EventShape shape) {
  return shape != EventShape::raw && shape != EventShape::cloudevents && shape != EventShape::s3;
}

// Value. What a binding says of it, and what such documents name of the stream.
struct EventForm {
  EventShape shape = EventShape::raw;
  std::string topic;    // the stream's, or its own name
  std::string brokers;  // "host:port,host:port"; empty: it is no topic
};

}  // namespace pelton::model
