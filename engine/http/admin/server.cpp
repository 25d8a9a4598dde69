// SPDX-License-Identifier: Apache-2.0
#include "engine/http/admin/server.h"

namespace pelton::http {
namespace {

// Over TCP there is nothing to be sent to us.
net::Limits without_bodies(net::Limits limits) {
  limits.body = net::kMaxHeaderBytes;
  return limits;
}

}  // namespace

Server::Server(AdminBackend backend)
    : work_(std::make_unique<WorkThread>()),
      admin_(backend, Surface::admin, *work_),
      metrics_(backend, Surface::metrics, *work_) {}

Server::~Server() {
  server_.reset();
  work_.reset();
}

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, AdminBackend backend) {
  std::unique_ptr<Server> server(new Server(backend));
  std::vector<net::Listen> listen{
      {.socket = options.socket, .handler = &server->admin_, .limits = options.limits}};
  if (options.tcp)
    listen.push_back({.socket = {},
                      .host = options.tcp->host,
                      .port = options.tcp->port,
                      .handler = &server->metrics_,
                      .limits = without_bodies(options.limits)});
  auto started = net::Server::start(listen);
  if (!started) return std::unexpected(started.error());
  server->server_ = std::move(*started);
  return server;
}

std::string Server::tcp_address() const {
  const auto& addresses = server_->addresses();
  return addresses.size() > 1 ? addresses[1] : std::string();
}

}  // namespace pelton::http
