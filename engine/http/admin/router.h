// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin/admin_backend.h"
#include "engine/http/message.h"

#include <string>

namespace pelton::http {

// What a listener serves.
enum class Surface {
  admin,    // everything: the Unix socket
  metrics,  // /metrics, /livez, /readyz: TCP
};

// Gives requests to the backend and makes responses of its answers. docs/admin_api.md lists the
// routes. On the http thread; replies may come on any.
class Router {
 public:
  Router(AdminBackend& backend, Surface surface) : backend_(backend), surface_(surface) {}
  void handle(Request&& request, Reply reply);

 private:
  struct Route {
    const char* method;
    const char* path;  // a star stands for one segment
    Surface surface;   // the least that serves it
    void (Router::*run)(Request&&, Reply);
  };
  static const Route kRoutes[];

  void livez(Request&& request, Reply reply);
  void readyz(Request&& request, Reply reply);
  void metrics(Request&& request, Reply reply);
  void status(Request&& request, Reply reply);
  void produce(Request&& request, Reply reply);
  void consume(Request&& request, Reply reply);
  void list_letters(Request&& request, Reply reply);
  void count_letters(Request&& request, Reply reply);
  void find_letters(Request&& request, Reply reply);
  void show_letter(Request&& request, Reply reply);
  void replay(Request&& request, Reply reply);
  void purge(Request&& request, Reply reply);
  void offsets(Request&& request, Reply reply);
  void seek(Request&& request, Reply reply);
  void restart(Request&& request, Reply reply);

  AdminBackend& backend_;
  const Surface surface_;
};

}  // namespace pelton::http
