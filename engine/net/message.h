// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/answer.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Values and interfaces between the HTTP transport and what answers requests.
namespace pelton::net {

struct Field {
  std::string name;
  std::string value;
};

struct BodyEnd {
  std::vector<Field> trailers;  // once a chunked body has been read: the header fields behind it
  bool abandoned = false;       // the peer has closed its side, and may not see a reply
};

// Interface. The body of a request, read from the connection only as fast as it is asked for.
class RequestBody {
 public:
  virtual ~RequestBody() = default;
  // The next bytes, empty at the end. Any thread, one call at a time; answered on the transport's
  // thread, which must not be blocked. When the connection ends or the body breaks a rule the
  // transport deals with the peer itself and drops the answer.
  virtual void read(Answer<std::string> answer) = 0;
  // How it stands with what comes behind it. The transport's thread.
  virtual BodyEnd end() const = 0;
};

struct Request {
  std::string method;
  std::vector<std::string> path;  // decoded segments
  std::vector<Field> query;       // decoded, in order; names may repeat
  std::vector<Field> headers;     // in order; names may repeat
  // Shared by the request and the reads that are under way. Never null in a handler.
  std::shared_ptr<RequestBody> body = {};
  std::string target = {};  // as it was sent
  std::string peer = {};    // the client's address without its port; empty: a Unix socket's
  bool encrypted = false;   // it came by HTTPS
  // ---- of one that proxies have passed on (forwarding.h)
  std::string forwarded_for = {};    // the client and the proxies on the way
  std::uint16_t forwarded_port = 0;  // that the client connected to; 0: not known

  // The first header of that name, in any case of letters; null: there is none.
  const std::string* header(std::string_view name) const;
  // The first query parameter of that name.
  const std::string* parameter(std::string_view name) const;
};

// Reads a whole body of at most `limit` bytes. invalid (E5011): it is larger.
void read_all(std::shared_ptr<RequestBody> body, std::size_t limit, Answer<std::string> answer);

// A part of a response body that is made while it is sent.
struct Piece {
  enum class Then { more, later, end };
  std::string bytes;  // may be empty
  // more: ask again at once; later: nothing is there now, ask again soon; end: this was the last.
  Then then = Then::more;
};
using PieceAnswer = Answer<Piece>;

// Interface. A response body of unknown length. Asked for one piece at a time, on the transport's
// thread, which must not be blocked.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  virtual void next(PieceAnswer answer) = 0;
};

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<Field> headers = {};
  // Instead of `body`. Shared by the connection and the piece that is being made.
  std::shared_ptr<BodyStream> stream = {};
};
// Called once, on any thread.
using Reply = std::move_only_function<void(Response)>;

// Interface. What answers the requests of a listener. Called on the transport's thread, which must
// not be blocked, once a request's header has been read.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  // A reply that comes before the body has been read to its end closes the connection.
  virtual void handle(Request&& request, Reply reply) = 0;
  // Whether the request is served even when all connections are taken: health checks.
  virtual bool is_health_check(const Request& request) const = 0;
};

// Splits and decodes a target in origin or absolute form. False: an escape in it is broken, it
// has a NUL, or it is in another form.
bool parse_target(std::string_view target, Request& request);

// The path and the query of a target, as they were sent and in origin form.
struct TargetParts {
  std::string path;
  std::string query;  // without the question mark
};
TargetParts split_target(std::string_view target);

// The text with its %XX undone. False: one is broken.
bool percent_decode(std::string_view text, std::string& out);

// Whether two names of header fields are the same, in any case of letters.
bool same_name(std::string_view a, std::string_view b);

// The JSON of every error, docs/admin_api.md describes it: {"error": {"code", "kind", "message"}},
// with the status that fits.
Response error_response(const Error& error);
// The same object on one line, its end included.
std::string error_line(const Error& error);

}  // namespace pelton::net
