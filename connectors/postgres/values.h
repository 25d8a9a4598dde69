// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/event_writer.h"
#include "connectors/postgres/types.h"

#include <string>
#include <string_view>

namespace pelton::postgres {

using database::Decimals;

// Appends a value, in the server's text form of a session as ours (session.h), as JSON:
//   integers and floats      numbers; NaN and the infinities are strings
//   numeric, money           by `decimals`; NaN and the infinities are strings
//   json, jsonb              as they are
//   bytea                    base64
//   date, timestamp(tz)      ISO 8601, with expanded years: "2026-11-28T10:00:00.5Z",
//                            "-0043-03-15", "+12000-01-01"; "infinity", "-infinity"
//   arrays, composites       arrays of any dimension, objects
//   all others               strings, intervals in ISO 8601
// Text that is not of its type's form becomes a string.
void append_value(std::string& out, std::string_view text, const Type& type, Decimals decimals);

}  // namespace pelton::postgres
