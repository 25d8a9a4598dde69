// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace pelton::cli {

// What a command says about where the engine is.
struct EngineAddress {
  std::string config;  // --config: its engine.data
  std::string data;    // --data
  std::string socket;  // --socket
};

struct Answer {
  std::string body;
  std::map<std::string, std::string> headers;  // names in lower case
};

// The admin API over the Unix socket: one connection, one request after another. Errors of the
// engine come as they were (code and kind); E5006: no engine answers.
class Client {
 public:
  static Result<std::unique_ptr<Client>> connect(const EngineAddress& address);
  ~Client();

  Result<Answer> get(const std::string& target) { return request("GET", target, ""); }
  Result<Answer> post(const std::string& target, const std::string& body) {
    return request("POST", target, body);
  }

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  Result<Answer> request(const char* method, const std::string& target, const std::string& body);
  std::unique_ptr<Impl> impl_;
};

// A value inside a target's query or path.
std::string url_encoded(std::string_view text);

}  // namespace pelton::cli
