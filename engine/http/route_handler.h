// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin/work_thread.h"
#include "engine/http/exchange.h"
#include "engine/http/invoke/call.h"
#include "engine/http/lambda/api.h"
#include "engine/http/route_table.h"

#include <atomic>
#include <mutex>
#include <string>

namespace pelton::http {

// Answers the requests of one listener as its routes say: finds the route, reads the body, and
// gives both to ingest.h, invoke.h or lambda/api.h. Large bodies are parsed on a thread of its own.
class RouteHandler final : public net::RequestHandler {
 public:
  // `calls` lives longer. Until it gets routes every request is answered with 503.
  explicit RouteHandler(Calls& calls) : calls_(calls), lambda_(calls, work_) {}

  // ---- any thread
  // What requests that come from now on are served by. Null: nothing, the engine stops.
  void set(RouteTablePtr table);
  // "127.0.0.1:8080", once it is known.
  void set_address(std::string address);

  void handle(net::Request&& request, net::Reply reply) override;
  bool is_health_check(const net::Request&) const override { return false; }

 private:
  void serve(RoutedRequest&& request);
  void answer(RoutedRequest&& request);
  RouteTablePtr table() const;
  std::string address() const;

  Calls& calls_;
  LambdaApi lambda_;
  mutable std::mutex mutex_;
  RouteTablePtr table_;  // guarded by mutex_
  std::string address_;  // guarded by mutex_
  WorkThread work_;
};

}  // namespace pelton::http
