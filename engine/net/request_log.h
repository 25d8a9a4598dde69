// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/net/message.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace pelton::net {

// Value. A request that has ended, and how.
struct LoggedRequest {
  WallTime at{};  // when its header had come
  std::chrono::steady_clock::duration took{};
  std::string connected;  // whose connection it was
  std::string client;     // for whom: another one behind a trusted proxy
  std::string method;     // empty: what came was no request
  std::string target;
  std::string host, referer, user_agent;
  bool old = false;  // HTTP/1.0
  bool encrypted = false;
  unsigned status = 0;      // 0: the client was gone before it was answered
  std::uint64_t bytes = 0;  // of the response, without its header
};

// Interface. Where requests are written down.
class RequestLog {
 public:
  virtual ~RequestLog() = default;
  // The transport's thread, which must not be blocked.
  virtual void add(const LoggedRequest& request) = 0;
};

// The request of a connection that is being served, for a log; without one it keeps nothing.
class RequestNote {
 public:
  // Null: nobody wants to know.
  explicit RequestNote(RequestLog* log) : log_(log) {}

  // `connected`: whose connection it is; `request.peer` may be another one by now.
  void begin(const Request& request, const std::string& connected, bool old);
  // Of what is no request, from there, unless one has begun.
  void begin_unread(const std::string& connected);
  // The response begins, with a header of so many bytes.
  void respond(unsigned status, std::size_t head);
  void sent(std::size_t bytes) { sent_ += bytes; }
  // The response has been sent, or never will be. Once.
  void end();

 private:
  RequestLog* const log_;
  std::optional<LoggedRequest> request_;
  std::chrono::steady_clock::time_point begun_{};
  std::uint64_t head_ = 0;
  std::uint64_t sent_ = 0;
};

}  // namespace pelton::net
