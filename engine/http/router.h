// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin_backend.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::http {

struct Request {
  std::string method;
  std::vector<std::string> path;  // decoded segments
  std::map<std::string, std::string> query;
  std::string body;
};

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};
// Called once, on any thread.
using Reply = std::move_only_function<void(Response)>;

// False: an escape in it is broken, or it does not begin with a slash.
bool parse_target(std::string_view target, Request& request);

// {"error": {"code", "kind", "message"}} with the status that fits the kind.
Response error_response(const Error& error);

// What a listener serves.
enum class Surface {
  admin,    // everything: the Unix socket
  metrics,  // /metrics, /livez, /readyz: TCP
};

// Gives requests to the backend and makes responses of its answers. docs/admin_api.md lists the
// routes.
class Router {
 public:
  Router(AdminBackend& backend, Surface surface) : backend_(backend), surface_(surface) {}
  void handle(Request&& request, Reply reply);

 private:
  void health(const std::string& name, bool verbose, Reply reply);
  void streams(Request&& request, Reply reply);
  void produce(Request&& request, Reply reply);
  void consume(Request&& request, Reply reply);
  void dead_letters(Request&& request, Reply reply);
  void letter_list(const Request& request, Reply reply);
  void letter_action(const Request& request, Reply reply);
  void seek(const Request& request, Reply reply);

  AdminBackend& backend_;
  const Surface surface_;
};

}  // namespace pelton::http
