// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dead_letters/access.h"
#include "engine/model/records.h"

#include <string>
#include <vector>

namespace pelton::http {

// A dead letter as one line of JSON (its end included): id, binding, stream, function, time,
// reason, attempts, error (the last one), history, replays, idempotency_key, event (as in
// ndjson.h).
std::string letter_line(const model::DeadLetter& letter);

// Only its id and replays: what a command that acts on many has to know.
std::string brief_letter_line(const model::DeadLetter& letter);
// The same of several, as one object: {"letters": [{"id", "replays"}]}.
std::string brief_letters(const std::vector<dead_letters::Brief>& letters);

}  // namespace pelton::http
