// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/records.h"

#include <string>

namespace pelton::http {

// A dead letter as one line of JSON (its end included): id, binding, stream, function, time,
// reason, attempts, error (the last one), history, replays, idempotency_key, event (as in
// ndjson.h).
std::string letter_line(const store::DeadLetter& letter);

// Only its id and replays: what a command that acts on many has to know.
std::string brief_letter_line(const store::DeadLetter& letter);

}  // namespace pelton::http
