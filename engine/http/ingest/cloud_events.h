// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/model/batch_builder.h"
#include "engine/net/message.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

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

// Added to the builder; the ids are appended to `ids` in order. Nothing that was added may be used
// after an error. Events without a time get `now`.
struct EventSink {
  model::BatchBuilder& builder;
  std::vector<std::string>& ids;
  WallTime now;
  const std::string* key = nullptr;  // of all of them, whatever they say; null: their own
};
Status add_binary(const net::Request& request, std::string_view body, const EventSink& into);
Status add_structured(std::string_view body, const EventSink& into);
Status add_batch(std::string_view body, const EventSink& into);

}  // namespace pelton::http
