// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dead_letters/access.h"
#include "engine/http/admin/functions.h"
#include "engine/http/admin/metering.h"
#include "engine/http/admin/operations.h"
#include "engine/http/admin/work_thread.h"
#include "engine/net/message.h"
#include "engine/stream/access.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace pelton::http {

// What a listener serves.
enum class Surface {
  admin,    // everything: the Unix socket
  metrics,  // /metrics, /livez, /readyz: TCP
};

// What the routes ask.
struct AdminBackend {
  stream::Access& streams;
  pelton::dead_letters::Access& dead_letters;
  Operations& operations;
  Metering& metering;
  Functions& functions;
};

// The admin API: gives requests to the engine and makes responses of its answers. Requests are
// parsed and answered on `work`, but for /livez, which is answered at once.
class AdminRouter final : public net::RequestHandler {
 public:
  struct Route {
    const char* method;
    const char* path;        // a star stands for one segment
    const char* parameters;  // of the query: names with a space between them
    Surface surface;         // the least that serves it
    std::size_t max_body;    // bytes; 0: it takes none
    void (AdminRouter::*run)(const net::Request&, std::string&& body, net::Reply&&);
  };
  // docs/admin_api.md lists them; a test compares.
  static std::span<const Route> routes();

  AdminRouter(AdminBackend backend, Surface surface, WorkThread& work)
      : backend_(backend), surface_(surface), work_(work) {}
  void handle(net::Request&& request, net::Reply reply) override;
  bool is_health_check(const net::Request& request) const override;

 private:
  void run(const Route& route, net::Request&& request, net::Reply&& reply);
  net::Response not_found(const net::Request& request, const std::string& allowed) const;

  void livez(const net::Request& request, std::string&& body, net::Reply&& reply);
  void readyz(const net::Request& request, std::string&& body, net::Reply&& reply);
  void metrics(const net::Request& request, std::string&& body, net::Reply&& reply);
  void status(const net::Request& request, std::string&& body, net::Reply&& reply);
  void produce(const net::Request& request, std::string&& body, net::Reply&& reply);
  void consume(const net::Request& request, std::string&& body, net::Reply&& reply);
  void list_letters(const net::Request& request, std::string&& body, net::Reply&& reply);
  void count_letters(const net::Request& request, std::string&& body, net::Reply&& reply);
  void find_letters(const net::Request& request, std::string&& body, net::Reply&& reply);
  void show_letter(const net::Request& request, std::string&& body, net::Reply&& reply);
  void replay(const net::Request& request, std::string&& body, net::Reply&& reply);
  void purge(const net::Request& request, std::string&& body, net::Reply&& reply);
  void offsets(const net::Request& request, std::string&& body, net::Reply&& reply);
  void seek(const net::Request& request, std::string&& body, net::Reply&& reply);
  void usage(const net::Request& request, std::string&& body, net::Reply&& reply);
  void invoke(const net::Request& request, std::string&& body, net::Reply&& reply);
  void restart(const net::Request& request, std::string&& body, net::Reply&& reply);
  void plan_config(const net::Request& request, std::string&& body, net::Reply&& reply);
  void reload_config(const net::Request& request, std::string&& body, net::Reply&& reply);
  void pause(const net::Request& request, std::string&& body, net::Reply&& reply);
  void forget(const net::Request& request, std::string&& body, net::Reply&& reply);

  // The stream is shared with the piece that is being made.
  net::Response lines(std::shared_ptr<net::BodyStream> stream);

  const AdminBackend backend_;
  const Surface surface_;
  WorkThread& work_;
};

}  // namespace pelton::http
