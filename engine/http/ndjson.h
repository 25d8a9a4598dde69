// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/base64.h"
#include "engine/base/clock.h"
#include "engine/http/json_text.h"
#include "engine/model/batch_builder.h"
#include "engine/model/records.h"

#include <cstdint>
#include <string>
#include <string_view>

// Events as lines of JSON, one each:
//   {"key":"k","data":...}     and id, type, source, subject, content_type, time, headers
// In: data is any JSON value (a string is its text, anything else its JSON, byte for byte, content
// type application/json), or data_base64 is bytes; key_base64 a key of bytes; time RFC 3339;
// headers an object, or a list of [name, value] pairs; a header's value is a text, or
// {"base64":"..."} for bytes; partition and offset are passed over. Out: the same and id,
// partition, offset; headers always as the list; data is JSON where the content type says so and it
// is JSON, text where it is UTF-8, else data_base64. A tombstone has "data":null. Attributes that
// are not UTF-8 come out with U+FFFD.
namespace pelton::http {

// Adds the event of one line. invalid (E5003): what is wrong with it, behind "column N: ". Events
// without a time get `now`.
Status parse_event(std::string_view line, WallTime now, model::BatchBuilder& into);

// Adds the events of lines that come in pieces; empty lines are passed over. An error names the
// line: nothing that was added may be used then.
class EventLines {
 public:
  // The first line is called `first_line` in errors. E5011: there are more than `max_events`.
  EventLines(WallTime now, model::BatchBuilder& into, std::uint64_t first_line = 1,
             std::size_t max_events = SIZE_MAX)
      : now_(now), into_(into), line_(first_line), max_events_(max_events) {}
  Status add(std::string_view bytes);
  // The last line may have no end.
  Status finish();

 private:
  Status add_line(std::string_view line);

  const WallTime now_;
  model::BatchBuilder& into_;
  std::uint64_t line_;  // the number of the next one
  const std::size_t max_events_;
  std::string begun_;  // a line whose end has not come
};

// The event at `index` of a batch, with the attributes that it has; not where it is stored.
std::string event_json(const model::Batch& batch, std::size_t index);
// The event at `index` of a batch as one line, its end included.
std::string event_line(std::string_view stream, const model::PlacedBatch& placed,
                       std::size_t index);

}  // namespace pelton::http
