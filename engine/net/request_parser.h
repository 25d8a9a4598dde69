// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/net/limits.h"
#include "engine/net/message.h"

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace pelton::net {

// Why a request is refused: its status and a sentence.
struct Refusal {
  unsigned status = 400;
  std::string why;
};
Error error_of(const Refusal& refusal);
template <typename T>
using Parsed = std::expected<T, Refusal>;

// Reads one HTTP/1.x request out of the bytes of a connection. Stricter than the standard allows
// where proxies disagree about what a request is: lines end with CRLF, headers are not folded, the
// length of a body is said once, and the only transfer coding is "chunked".
class RequestParser {
 public:
  // Bytes of the body, of which more are refused with 413, and of the head and what follows a
  // chunked body, of which more are refused with 431.
  explicit RequestParser(std::size_t body_limit, std::size_t head_limit = kMaxHeaderBytes);
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
  // Once done(): the header fields that followed a chunked body.
  std::vector<Field> trailers() const;

 private:
  struct Impl;
  Parsed<bool> accept_head();

  std::unique_ptr<Impl> impl_;
  const std::size_t head_limit_;
  Request request_;
  std::size_t checked_ = 0;  // bytes of the head that were found good
  bool expects_continue_ = false;
};

}  // namespace pelton::net
