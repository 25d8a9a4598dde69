// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin/router.h"
#include "engine/net/server.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace pelton::http {

struct ServerOptions {
  std::filesystem::path socket;  // the admin API: a Unix socket, mode 0600
  struct Tcp {
    std::string host;
    std::uint16_t port = 0;  // 0: any free one
  };
  std::optional<Tcp> tcp;  // metrics and health only
  net::Limits limits = {};
};

// The admin API on its listeners.
class Server {
 public:
  // E5005: an address cannot be listened on. What the backend refers to outlives the server.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, AdminBackend backend);
  ~Server();  // what is being answered ends first, the rest is dropped
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // "127.0.0.1:8080", or empty.
  std::string tcp_address() const;

 private:
  explicit Server(AdminBackend backend);

  std::unique_ptr<WorkThread> work_;  // the routers' jobs: ends before them
  AdminRouter admin_;
  AdminRouter metrics_;
  std::unique_ptr<net::Server> server_;
};

}  // namespace pelton::http
