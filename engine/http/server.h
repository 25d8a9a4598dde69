// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin_backend.h"

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
};

// Bounds of a request; what is beyond is answered with a 4xx and closed.
inline constexpr std::size_t kMaxHeaderBytes = 16U << 10;
inline constexpr std::size_t kMaxBodyBytes = 64U << 20;
inline constexpr std::size_t kMaxConnections = 256;

// The engine's listeners, on a thread of their own.
class Server {
 public:
  // E5005: an address cannot be listened on.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, AdminBackend& backend);
  ~Server();  // closes and joins; answers that come later are dropped
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // "127.0.0.1:8080", or empty.
  const std::string& tcp_address() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pelton::http
