// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/model/batch_builder.h"
#include "engine/store/records.h"

#include <string>
#include <string_view>

// Events as lines of JSON, one each:
//   {"key":"k","data":...}     and id, type, source, subject, content_type, time, headers
// In: data is any JSON value (a string is its text, anything else its JSON, content type
// application/json), or data_base64 is bytes; key_base64 a key of bytes; time RFC 3339; headers an
// object of texts, or a list of [name, text] pairs. Out: the same and id, partition, offset; data
// is JSON where the content type says so and it parses, text where it is UTF-8, else data_base64. A
// tombstone has "data":null.
namespace pelton::http {

inline constexpr std::size_t kMaxJsonDepth = 64;

// Adds the event of one line. invalid (E5003): what is wrong with it. Events without a time get
// `now`.
Status parse_event(std::string_view line, WallTime now, model::BatchBuilder& into);

// Adds the events of all lines; empty lines are passed over. The error names the line: nothing may
// be used then.
Status parse_events(std::string_view lines, WallTime now, model::BatchBuilder& into);

// The event at `index` of a batch as one line, its end included.
std::string event_line(std::string_view stream, const store::PlacedBatch& placed,
                       std::size_t index);

std::string to_base64(std::string_view bytes);
// False when it is not base64.
bool from_base64(std::string_view text, std::string& bytes);

}  // namespace pelton::http
