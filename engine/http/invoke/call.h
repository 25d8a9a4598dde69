// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch.h"
#include "engine/net/message.h"

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
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
};

// The function's outputs; null: it has returned nothing.
using CallAnswer = std::expected<model::BatchPtr, CallFailure>;

// One synchronous call of a function. It has no retries and no dead letter.
struct Call {
  std::string function;
  std::string route;
  std::string id;         // its idempotency key
  model::BatchPtr event;  // one
  std::chrono::steady_clock::time_point deadline{};
  // Called once, on the shard, which must not be blocked.
  std::move_only_function<void(CallAnswer)> answer;
  // Of the caller's connection, read to its end: tells whether the caller is still there.
  std::shared_ptr<net::RequestBody> connection{};
};

// Interface. Where calls go. Any thread.
class Calls {
 public:
  virtual ~Calls() = default;
  virtual void call(Call&& call) = 0;
};

}  // namespace pelton::http
