// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace pelton::model {

// Headers of events that came through AWS Lambda's Invoke: the request's id, which is that of every
// attempt, and the client's context, JSON of an object in ASCII.
inline constexpr const char* kRequestIdHeader = ":request-id";
inline constexpr const char* kClientContextHeader = ":client-context";

// X-Ray's trace of an event, as AWS's clients send it: "Root=...;Parent=...;Sampled=1".
inline constexpr const char* kTraceHeader = "x-amzn-trace-id";

}  // namespace pelton::model
