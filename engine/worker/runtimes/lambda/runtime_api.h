// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/net/message.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::worker::lambda {

// AWS's limit of an event and of an answer, both ways: 6 MiB and what surrounds it. An answer that
// is streamed may have more.
inline constexpr std::size_t kMaxPayload = 6'291'556;
inline constexpr std::size_t kMaxStreamed = 20U << 20;

// What a function says of an error: {"errorType", "errorMessage", "stackTrace"}.
struct FunctionError {
  std::string type;
  std::string message;
  std::string stack;
};

// Interface. What the process does through the Runtime API. None of these may destroy the API.
class RuntimeEvents {
 public:
  virtual ~RuntimeEvents() = default;
  // It asks for the next invocation, and has finished what it had.
  virtual void asked() = 0;
  // It answered the current invocation, which is over.
  virtual void responded(std::string&& body, const std::string& content_type) = 0;
  virtual void failed(FunctionError&& error) = 0;
  // It cannot serve. Before the first asked() only.
  virtual void init_failed(FunctionError&& error) = 0;
};

// AWS Lambda's Runtime API 2018-06-01 for one process, with the status codes that its clients know:
//
//   GET  /2018-06-01/runtime/invocation/next          is answered when there is one, however late
//   POST /2018-06-01/runtime/invocation/ID/response   202; 413: the answer is too large
//   POST /2018-06-01/runtime/invocation/ID/error      202
//   POST /2018-06-01/runtime/init/error               202
//
// 400: an ID that is not the current invocation's, an answered one's included; 403: not in this
// state (next while an invocation has no answer, init/error after next); 404: no such path.
// One invocation at a time. Shard-confined.
class RuntimeApi final : public net::RequestHandler {
 public:
  explicit RuntimeApi(RuntimeEvents& events) : events_(events) {}

  struct Invocation {
    std::string id;  // a UUID
    std::vector<net::Field> headers;
    std::string event;  // JSON
  };
  // The process waits for an invocation.
  bool waiting();
  // Hands it over, while waiting().
  void invoke(Invocation&& invocation);

  void handle(net::Request&& request, net::Reply reply) override;
  bool is_health_check(const net::Request&) const override { return false; }

 private:
  // A request for the next invocation that is still to be answered.
  struct Poll {
    std::shared_ptr<net::RequestBody> body;  // shared with its connection
    net::Reply reply;
  };
  enum class Kind { response, error, init_error };
  // A request whose body is being read.
  struct Upload {
    Kind kind = Kind::response;
    std::string id;
    std::string content_type, error_type;
    bool streamed = false;
    std::shared_ptr<net::RequestBody> body;  // shared with its connection
    net::Reply reply;
  };
  void poll(net::Request&& request, net::Reply&& reply);
  void read(Upload&& upload, const net::Request& request);
  void take(Upload& upload, std::string&& body);
  void take_answer(Upload& upload, std::string&& body);
  void take_init_error(Upload& upload, const std::string& body);

  RuntimeEvents& events_;
  std::deque<Poll> polls_;
  std::optional<std::string> current_;  // id of the invocation that has no answer
  bool asked_ = false;                  // once
  // Owned by this alone; reads under way look whether it still is there.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace pelton::worker::lambda
