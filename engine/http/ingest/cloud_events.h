// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/ingest/event_sink.h"
#include "engine/net/message.h"

#include <cstddef>
#include <string_view>

// CloudEvents 1.0 over HTTP. An extension becomes a header of its name; `partitionkey` is the key
// as well. Errors are invalid (E7065): the event is not a proper one, and why.
namespace pelton::http {

// Most events of one request.
inline constexpr std::size_t kMaxIngestEvents = 100'000;

enum class CloudEventMode {
  none,        // a plain body
  binary,      // attributes in headers, which begin with "ce-"
  structured,  // application/cloudevents+json
  batch,       // application/cloudevents-batch+json
  unknown,     // another format of CloudEvents
};
CloudEventMode cloud_event_mode(const net::Request& request);

// Nothing that was added may be used after an error.
Status add_binary(const net::Request& request, std::string_view body, const EventSink& into);
Status add_structured(std::string_view body, const EventSink& into);
Status add_batch(std::string_view body, const EventSink& into);

}  // namespace pelton::http
