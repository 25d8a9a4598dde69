// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin/work_thread.h"
#include "engine/http/invoke/call.h"
#include "engine/http/lambda/functions.h"
#include "engine/http/lambda/invocation.h"
#include "engine/net/message.h"

#include <cstddef>
#include <string>

namespace pelton::http {

// What AWS allows the payload of a call to have.
inline constexpr std::size_t kMostSynchronous = 6U << 20;
inline constexpr std::size_t kMostAsynchronous = 1U << 20;

// AWS Lambda's API, as its SDKs speak it, for the functions of the config:
//
//   POST /2015-03-31/functions/NAME/invocations    Invoke: RequestResponse, Event, DryRun
//   GET  /2015-03-31/functions                     ListFunctions
//   GET  /2015-03-31/functions/NAME                GetFunction
//   GET  /2015-03-31/functions/NAME/configuration  GetFunctionConfiguration
//
// Other operations are answered with 501. Signatures are not checked.
class LambdaApi {
 public:
  // Both live longer. Large payloads are looked at on `work`.
  LambdaApi(Calls& calls, WorkThread& work) : calls_(calls), work_(work) {}

  // Whether a path begins as those of the API do, with the version's date.
  static bool serves(const net::Request& request);
  // Called on the transport's thread, which must not be blocked.
  void handle(const LambdaFunctions& functions, net::Request&& request, net::Reply reply);

 private:
  void invoke(const LambdaFunctions& functions, net::Request&& request, net::Reply&& reply);
  void take(Invocation&& invocation, const std::string& type);

  Calls& calls_;
  WorkThread& work_;
};

}  // namespace pelton::http
