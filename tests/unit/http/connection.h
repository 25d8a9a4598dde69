// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/unique_fd.h"

#include <chrono>
#include <filesystem>
#include <string>

namespace pelton::http {

// A client that sends any bytes and waits for what it names, at most ten seconds.
class Connection {
 public:
  explicit Connection(const std::filesystem::path& socket);
  explicit Connection(const std::string& tcp_address);

  Connection& send(const std::string& bytes);  // as far as the peer takes them
  Connection& finish();                        // nothing more will be sent
  void close() { fd_.reset(); }
  // What has come so far, once `part` is in it or the peer has closed.
  const std::string& until(const std::string& part);
  // All that comes until the peer closes.
  const std::string& all();
  // Whether an answer, or the end, comes within that time.
  bool anything_within(std::chrono::milliseconds patience);
  // False when the peer has not closed in time.
  bool closed_by_peer();

 private:
  bool receive();

  UniqueFd fd_;
  std::string received_;
};

// "METHOD target" with a body as one whole request that closes.
std::string whole_request(const std::string& method, const std::string& target,
                          const std::string& body = "");
// "HTTP/1.1 200 OK".
std::string status_line(const std::string& answer);
// What stands behind the header; chunks put together.
std::string body_of(const std::string& answer);

}  // namespace pelton::http
