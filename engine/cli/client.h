// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/cli/engine_address.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace pelton::cli {

// The admin API over the Unix socket, one request after another, on one connection as long as it is
// in use. A GET whose connection had been closed as idle is sent once more. Errors of the engine
// come as they were (code and kind); E5006: no engine answers.
class Client {
 public:
  using Patience = std::chrono::milliseconds;
  static constexpr Patience kPatience = std::chrono::seconds(30);

  // `patience`: how long the engine may be silent while it takes a request or answers one before
  // that fails with E5006. It holds for get() and for the sending of all requests. What takes as
  // long as brokers, workers or events take is waited for without a limit: the answers of post(),
  // review() and lines().
  static Result<std::unique_ptr<Client>> connect(const EngineAddress& address,
                                                 Patience patience = kPatience);
  ~Client();

  // The body of the answer.
  Result<std::string> get(const std::string& target);
  Result<std::string> post(const std::string& target, const std::string& body);

  // The body also where the status is 409, 422 or 500 and the body is no error: of requests whose
  // failures have more to say.
  Result<std::string> review(const char* method, const std::string& target);

  // Reads an answer of lines while it comes, for as long as it takes; a line is without its end.
  // Until visit() answers false, then the connection is closed.
  Status lines(const std::string& target, const std::function<bool(std::string_view)>& visit);

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  struct Question {
    const char* method;
    const std::string& target;
    const std::string& body;
    bool any_status = false;
    bool impatient = false;
  };
  Result<std::string> ask(const Question& question);
  std::unique_ptr<Impl> impl_;
};

// A value inside a target's query or path.
std::string url_encoded(std::string_view text);

}  // namespace pelton::cli
