// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/http/invoke/call_record.h"
#include "engine/model/batch.h"
#include "engine/net/message.h"

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace pelton::http {

// Why a call has no answer.
struct CallFailure {
  enum class Kind {
    function,    // it failed, or its worker died with it
    timeout,     // the caller's time is over, or the function's own
    overloaded,  // too many wait already
    stopping,    // the engine stops, or the function is being replaced
  } kind = Kind::function;
  std::string type;  // "ValueError"
  std::string message;
  std::string stack{};
  // What a binding would do: not try again; or after so long.
  bool final = false;
  std::optional<Duration> retry_after{};
};

// The function's outputs; null: it has returned nothing.
using CallAnswer = std::expected<model::BatchPtr, CallFailure>;

// One synchronous call of a function. It has no retries and no dead letter.
struct Call {
  std::string function;
  std::string binding;    // what its frame names as the event's binding
  std::string stream;     // and as its stream
  std::string id;         // its idempotency key
  model::BatchPtr event;  // one
  std::chrono::steady_clock::time_point deadline{};
  // One that still waits then is answered as overloaded; nothing: it waits until the deadline.
  std::optional<std::chrono::steady_clock::time_point> begin_by{};
  // Called once, on the shard, which must not be blocked.
  std::move_only_function<void(CallAnswer)> answer;
  // Of the caller's connection, read to its end: tells whether the caller is still there.
  std::shared_ptr<net::RequestBody> connection{};
  // What is heard of the call until it is answered, on the shard; null: nobody wants to know.
  // Shared with whoever receives the answer.
  std::shared_ptr<CallRecord> record{};
};

// Interface. Where calls go. Any thread.
class Calls {
 public:
  virtual ~Calls() = default;
  virtual void call(Call&& call) = 0;
};

}  // namespace pelton::http
