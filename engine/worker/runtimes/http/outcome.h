// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/frame.h"
#include "engine/worker/runtimes/http/message.h"
#include "engine/worker/runtimes/http/request.h"

#include <optional>
#include <string>
#include <vector>

// What an answer means for its event.
namespace pelton::worker::http {

// Value. An output event that owns its texts.
struct Output {
  std::string id, source, type, subject, content_type, key, data;
  std::int64_t time_us = 0;
  bool has_key = false;
  bool has_data = true;
  std::vector<net::Field> headers;
};

// Value. An event without a failure is done.
struct Outcome {
  std::optional<model::Failure> failure;
  std::vector<Output> outputs;
  std::vector<std::string> logs;  // lines that the answer brought

  std::size_t bytes() const;  // of the outputs
};

// By its status: 2xx: done, and its body an output. 404, 408, 409, 429, 5xx: an attempt that has
// failed; with Retry-After, 429 and 503 say when the next one is due. Everything else: a failure
// for good. The answer to a client's request is an output whatever its status is.
Outcome outcome_of(const model::Frame& frame, std::uint32_t index, bool passed_on, Answer&& answer,
                   const Sender& sender, WallTime now);
// No answer came, or none that can be understood: an attempt that has failed.
Outcome failed_exchange(const Error& error);
// The event cannot be sent, and never will be.
Outcome refused_event(const Error& error);
// It waits for an event before it that has failed.
Outcome skipped_event();

// What Retry-After says: seconds, or a time of HTTP. Nothing: neither.
std::optional<Duration> retry_after(std::string_view text, WallTime now);

}  // namespace pelton::worker::http
