// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pelton::http {

// Values. A request and a response without their connection.
struct Request {
  std::string method;
  std::vector<std::string> path;  // decoded segments
  std::map<std::string, std::string> query;
  std::string body;
};

// A part of a body that is made while it is sent.
struct Piece {
  enum class Then { more, later, end };
  std::string bytes;  // may be empty
  // more: ask again at once; later: nothing is there now, ask again soon; end: this was the last.
  Then then = Then::more;
};
// Called once, on any thread.
using PieceAnswer = std::move_only_function<void(Result<Piece>)>;

// Interface. A body of unknown length. Asked for one piece at a time, on the http thread.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  virtual void next(PieceAnswer answer) = 0;
};

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
  // Instead of `body`. Shared by the connection and the piece that is being made.
  std::shared_ptr<BodyStream> stream = {};
};
// Called once, on any thread.
using Reply = std::move_only_function<void(Response)>;

// Splits and decodes a request's target. False: an escape in it is broken, it has a NUL, or it does
// not begin with a slash.
bool parse_target(std::string_view target, Request& request);

// {"error": {"code", "kind", "message"}} with the status that fits the kind.
Response error_response(const Error& error);
// The same object on one line, its end included.
std::string error_line(const Error& error);

// NDJSON that is made while it is sent. An error of its first piece becomes the response.
Response lines(std::shared_ptr<BodyStream> stream);

}  // namespace pelton::http
