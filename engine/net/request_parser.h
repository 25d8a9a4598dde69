// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/net/message.h"

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

namespace pelton::net {

// Why a request is refused: its status and a sentence.
struct Refusal {
  unsigned status = 400;
  std::string why;
};
template <typename T>
using Parsed = std::expected<T, Refusal>;

// Reads one HTTP/1.x request out of the bytes of a connection. Stricter than the standard allows
// where proxies disagree about what a request is: lines end with CRLF, headers are not folded, the
// length of a body is said once, and the only transfer coding is "chunked".
class RequestParser {
 public:
  // `body_limit`: bytes of the body; a longer one is refused with 413.
  explicit RequestParser(std::size_t body_limit);
  ~RequestParser();

  // Takes the head off the front of `bytes` once all of it is there; false: more is needed.
  Parsed<bool> head(std::string& bytes);

  // ---- once the head has been read
  // All but the body.
  Request& request() { return request_; }
  bool keep_alive() const;
  bool chunks_known() const;  // HTTP/1.1
  bool expects_continue() const { return expects_continue_; }
  // Takes what there is of the body off the front of `bytes`. Empty: more is needed, or done().
  Parsed<std::string> body(std::string& bytes);
  bool done() const;

 private:
  struct Impl;
  Parsed<bool> accept_head();

  std::unique_ptr<Impl> impl_;
  Request request_;
  std::size_t checked_ = 0;  // bytes of the head that were found good
  bool expects_continue_ = false;
};

}  // namespace pelton::net
