// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin/admin_backend.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace pelton::http {

// Bounds of a request; what is beyond is answered with a 4xx (E5008) and closed.
inline constexpr std::size_t kMaxHeaderBytes = 16U << 10;
inline constexpr std::size_t kMaxHeaderFields = 100;
inline constexpr std::size_t kMaxTargetBytes = 8U << 10;
inline constexpr std::size_t kMaxConnections = 256;  // of each listener; more wait

struct ServerLimits {
  std::size_t body = 64U << 20;                   // one request's; over TCP kMaxHeaderBytes
  std::size_t all_bodies = 256U << 20;            // of all requests that are being read or answered
  std::chrono::milliseconds header_time{10'000};  // between requests, and for a header
  std::chrono::milliseconds body_time{60'000};    // for a body, and for a response to be taken
  std::chrono::milliseconds stall_time{600'000};  // a reader of a stream takes nothing
};

struct ServerOptions {
  std::filesystem::path socket;  // the admin API: a Unix socket, mode 0600
  struct Tcp {
    std::string host;
    std::uint16_t port = 0;  // 0: any free one
  };
  std::optional<Tcp> tcp;  // metrics and health only
  ServerLimits limits = {};
};

// The engine's listeners, on a thread of their own.
class Server {
 public:
  // A socket that is there already is removed: the caller holds the lock of the data folder, so it
  // is a dead engine's. E5005: an address cannot be listened on. The backend outlives the server.
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
