// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/parts/function.h"
#include "engine/model/frame.h"
#include "engine/worker/runtimes/http/message.h"
#include "engine/worker/runtimes/http/options.h"

#include <string>

// What events become as requests (docs/http_runtime.md).
namespace pelton::worker::http {

// What surrounds the events of a function.
struct Sender {
  const config::Function& function;
  const Options& options;
  std::string host;  // of the worker: "127.0.0.1:41234"
};

// True: the event is the request of a client, as routes with `event: native` have it.
bool is_request(const model::Batch& batch, std::uint32_t index);

// Of event `index` of the frame. invalid: it cannot be made one, and never will; `code` is the type
// of the error.
Result<Request> make_request(const model::Frame& frame, std::uint32_t index, const Sender& sender,
                             WallTime now);

}  // namespace pelton::worker::http
