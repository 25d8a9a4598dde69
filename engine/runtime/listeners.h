// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "engine/http/invoke/durable_routes.h"
#include "engine/http/route_handler.h"
#include "engine/net/server.h"
#include "engine/observe/status.h"
#include "engine/runtime/access_log.h"
#include "engine/stream/connections.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace pelton::runtime {

// The HTTP listeners of the config and their routes. A change has two steps: prepare() does what
// may fail, commit() puts it in service; what stays is not interrupted. Changed by one thread at a
// time; report() and stop_serving() any thread.
class Listeners {
 public:
  // By stream: where routes and asynchronous calls append.
  using Targets = std::map<std::string, stream::AppendTarget>;

  // All live longer.
  struct Setup {
    http::Calls& calls;
    Notices& notices;
    http::DurableRoutes& durable;
    stream::Access& streams;
  };
  explicit Listeners(const Setup& setup) : setup_(setup) {}
  ~Listeners() { stop(); }

  // Opens the addresses that nobody here listens on yet; requests are answered with 503. E5005.
  Status prepare(const config::Config& config);
  // What prepare() has opened is closed again.
  void discard();
  // These are the listeners and routes from now on. Those whose options have changed, at the same
  // address, begin again.
  void commit(const config::Config& config, const Targets& targets);
  // Requests are answered with 503 from now on; those under way are not affected.
  void stop_serving();
  // Closes all connections.
  void stop();
  void report(observe::StatusReport& report) const;

 private:
  struct OpenListener {
    config::Listener settings;
    std::unique_ptr<AccessLog> log;  // null: none
    std::unique_ptr<http::RouteHandler> handler;
    std::unique_ptr<net::Server> server;  // ends before its handler
    http::RouteTablePtr table;            // shared with its handler
    const std::string& address() const { return server->addresses().front(); }
  };
  Result<OpenListener> open(const config::Listener& listener);
  void restart(OpenListener& opened, const config::Listener& listener);
  http::RouteTablePtr make_table(const config::Config& config, const OpenListener& opened,
                                 const Targets& targets) const;
  void serve_durably(http::ServedRoute& served, const Targets& targets) const;
  const http::ServedRoute* find(const std::string& route) const;

  const Setup setup_;
  std::map<std::string, OpenListener> prepared_;
  mutable std::mutex mutex_;
  std::map<std::string, OpenListener> open_;  // guarded by mutex_
  bool stopped_ = false;                      // guarded by mutex_
};

}  // namespace pelton::runtime
