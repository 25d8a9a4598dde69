// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/net/forwarding.h"
#include "engine/net/limits.h"
#include "engine/net/message.h"
#include "engine/net/request_log.h"
#include "engine/net/server_tls.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::net {

// One address to listen on, and what answers there.
struct Listen {
  // A Unix socket (mode 0600), or else TCP. A socket that is there already is removed: the caller
  // holds the lock of its folder, so it is a dead engine's.
  std::filesystem::path socket;
  std::string host = {};
  std::uint16_t port = 0;             // 0: any free one
  RequestHandler* handler = nullptr;  // outlives the server
  Limits limits = {};
  std::optional<Forwarding> forwarding = {};      // absent: proxies are neither believed nor hidden
  RequestLog* log = nullptr;                      // lives longer; null: none
  std::optional<config::ListenerTls> tls = {};    // HTTPS
  Certificates::Report on_new_certificates = {};  // called on the server's thread; of TLS: required
};

// HTTP/1.1 on some addresses, on a thread of its own. It knows no routes.
class Server {
 public:
  // E5005: an address cannot be listened on. E5014: its certificate cannot be used.
  static Result<std::unique_ptr<Server>> start(const std::vector<Listen>& listen);
  ~Server();  // closes and joins; answers that come later are dropped
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Of each address in turn: "127.0.0.1:8080", "[::1]:8080", or a socket's path.
  const std::vector<std::string>& addresses() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// An IPv6 address is put into brackets.
std::string address_text(const std::string& host, std::uint16_t port);

}  // namespace pelton::net
