// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin/server.h"
#include "tests/contract/temporary_folder.h"
#include "tests/unit/http/connection.h"
#include "tests/unit/http/fake_backend.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace pelton::http {

// A server on a Unix socket and a TCP port, with a stream "s" of one partition and "wide" of three.
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : path(folder.path() / "admin.sock") {
    backend.stream("s", 1);
    backend.stream("wide", 3);
  }
  void start(net::Limits limits = {}) {
    ServerOptions options;
    options.socket = path;
    options.tcp = {"127.0.0.1", 0};
    options.limits = limits;
    auto started = Server::start(options, backend.all());
    ASSERT_TRUE(started) << started.error().message;
    server = std::move(*started);
  }
  // Sends the bytes and nothing more, then reads until the server closes.
  std::string talk(const std::string& bytes) const {
    return Connection(path).send(bytes).finish().all();
  }
  std::string request(const std::string& method, const std::string& target,
                      const std::string& body = "") const {
    return talk(whole_request(method, target, body));
  }
  std::string status(const std::string& method, const std::string& target,
                     const std::string& body = "") const {
    const std::string line = status_line(request(method, target, body));
    return line.size() > 12 ? line.substr(9, 3) : line;
  }

  test::TemporaryFolder folder;
  std::filesystem::path path;
  FakeBackend backend;
  std::unique_ptr<Server> server;
};

}  // namespace pelton::http
