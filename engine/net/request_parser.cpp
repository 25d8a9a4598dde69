// SPDX-License-Identifier: Apache-2.0
#include "engine/net/request_parser.h"

#include "engine/net/limits.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <stdexcept>

namespace pelton::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bh = boost::beast::http;

using Fields = bh::request<bh::buffer_body>;

std::unexpected<Refusal> refuse(std::string why, unsigned status = 400) {
  return std::unexpected(Refusal{status, std::move(why)});
}

// What is wrong with the byte at `i` of a head that is good up to there.
const char* fault_at(std::string_view head, std::size_t i) {
  const char c = head[i];
  if (c == '\0') return "a NUL in the header";
  if (c == '\n' && (i == 0 || head[i - 1] != '\r')) return "a line that does not end with CRLF";
  if (i > 0 && head[i - 1] == '\r' && c != '\n') return "a carriage return inside a line";
  if (i > 0 && head[i - 1] == '\n' && (c == ' ' || c == '\t')) return "a folded header line";
  return nullptr;
}

Refusal refusal_of(const beast::error_code& error) {
  if (error == bh::error::body_limit) return {413, "the body is too large"};
  if (error == bh::error::header_limit) return {431, "the header is too large"};
  return {400, "not an HTTP request: " + error.message()};
}

std::string text_of(beast::string_view view) {
  return {view.data(), view.size()};
}

bool frames_body(std::string_view field) {
  const auto name = field.substr(0, field.find(':'));
  return beast::iequals(name, "Content-Length") || beast::iequals(name, "Transfer-Encoding");
}

// The head without fields that are too long to be of use to anybody: clients of Lambda's Runtime
// API send the cause of an error in one, of up to 1 MiB.
std::string without_long_fields(std::string head) {
  if (head.size() <= kMaxHeaderBytes) return head;
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const std::size_t end = head.find("\r\n", at) + 2;
    if (end - at > kMaxHeaderBytes && !frames_body(std::string_view(head).substr(at, end - at)))
      head.erase(at, end - at);
    else
      at = end;
  }
  return head;
}

std::size_t count_of(const Fields& fields, bh::field name) {
  return static_cast<std::size_t>(
      std::distance(fields.equal_range(name).first, fields.equal_range(name).second));
}

// How long the body is must be beyond doubt: proxies in front of us must not see another request.
Parsed<void> check_framing(const Fields& fields) {
  const auto codings = count_of(fields, bh::field::transfer_encoding);
  const auto lengths = count_of(fields, bh::field::content_length);
  if (lengths > 1) return refuse("more than one Content-Length");
  if (codings == 0) return {};
  if (lengths > 0) return refuse("both Content-Length and Transfer-Encoding");
  if (fields.version() < 11) return refuse("Transfer-Encoding in HTTP/1.0");
  if (codings > 1 || !beast::iequals(fields[bh::field::transfer_encoding], "chunked"))
    return refuse("a Transfer-Encoding other than \"chunked\"");
  return {};
}

Parsed<void> check_head(const Fields& fields) {
  if (std::distance(fields.begin(), fields.end()) > static_cast<std::ptrdiff_t>(kMaxHeaderFields))
    return refuse("too many header fields", 431);
  if (fields.target().size() > kMaxTargetBytes) return refuse("the target is too long", 414);
  const auto hosts = count_of(fields, bh::field::host);
  if (hosts > 1) return refuse("more than one Host");
  if (hosts == 0 && fields.version() >= 11) return refuse("Host is missing");
  return check_framing(fields);
}

}  // namespace

Error error_of(const Refusal& refusal) {
  if (refusal.status == 413) return {ErrorKind::invalid, "E5011", refusal.why};
  const bool limit = refusal.status == 431 || refusal.status == 414;
  return {ErrorKind::invalid, limit ? "E5008" : "E5002", refusal.why};
}

struct RequestParser::Impl {
  bh::request_parser<bh::buffer_body> parser;
  std::size_t head_fields = 0;

  std::size_t put(std::string_view bytes, beast::error_code& error) {
    try {
      return parser.put(asio::buffer(bytes.data(), bytes.size()), error);
    } catch (const std::length_error&) {  // a field of more than 64 KiB
      error = bh::error::header_limit;
      return 0;
    }
  }
};

RequestParser::RequestParser(std::size_t body_limit, std::size_t head_limit)
    : impl_(std::make_unique<Impl>()), head_limit_(head_limit) {
  impl_->parser.header_limit(static_cast<std::uint32_t>(head_limit));
  impl_->parser.body_limit(body_limit);
}
RequestParser::~RequestParser() = default;

Parsed<bool> RequestParser::head(std::string& bytes) {
  // Line ends before a request are passed over: some clients send one behind a body.
  if (checked_ == 0) {
    while (bytes.starts_with("\r\n")) bytes.erase(0, 2);
    if (bytes == "\r") return false;  // half of one, perhaps
  }
  for (; checked_ < bytes.size(); ++checked_) {
    if (checked_ >= head_limit_) return refuse("the header is too large", 431);
    if (const char* fault = fault_at(bytes, checked_)) return refuse(fault);
    if (std::string_view(bytes).substr(0, checked_ + 1).ends_with("\r\n\r\n")) break;
  }
  if (checked_ == bytes.size()) return false;
  const std::size_t size = checked_ + 1;
  beast::error_code error;
  impl_->put(without_long_fields(bytes.substr(0, size)), error);
  if (error && error != bh::error::need_buffer) return std::unexpected(refusal_of(error));
  bytes.erase(0, size);
  return accept_head();
}

Parsed<bool> RequestParser::accept_head() {
  const Fields& fields = impl_->parser.get();
  if (auto good = check_head(fields); !good) return std::unexpected(good.error());
  const auto expect = fields[bh::field::expect];
  const bool known = beast::iequals(expect, "100-continue");
  // HTTP/1.0 has no interim responses.
  expects_continue_ = known && fields.version() >= 11;
  if (!expect.empty() && !known) return refuse("an unknown expectation", 417);
  request_.method = text_of(fields.method_string());
  for (const auto& field : fields)
    request_.headers.push_back({text_of(field.name_string()), text_of(field.value())});
  impl_->head_fields = request_.headers.size();
  request_.target = text_of(fields.target());
  if (!parse_target(request_.target, request_)) return refuse("the request's target is malformed");
  impl_->parser.eager(true);
  return true;
}

bool RequestParser::keep_alive() const {
  return impl_->parser.get().keep_alive();
}
bool RequestParser::chunks_known() const {
  return impl_->parser.get().version() >= 11;
}
bool RequestParser::done() const {
  return impl_->parser.is_done();
}

// Beast adds them to the fields of the head.
std::vector<Field> RequestParser::trailers() const {
  std::vector<Field> trailers;
  std::size_t at = 0;
  for (const auto& field : impl_->parser.get())
    if (at++ >= impl_->head_fields)
      trailers.push_back({text_of(field.name_string()), text_of(field.value())});
  return trailers;
}

Parsed<std::string> RequestParser::body(std::string& bytes) {
  std::string out(bytes.size(), '\0');
  auto& to = impl_->parser.get().body();
  to.data = out.data();
  to.size = out.size();
  std::size_t used = 0;
  while (used < bytes.size() && !done()) {
    beast::error_code error;
    const auto taken = impl_->put(std::string_view(bytes).substr(used), error);
    used += taken;
    if (error && error != bh::error::need_more && error != bh::error::need_buffer)
      return std::unexpected(refusal_of(error));
    if (taken == 0) break;
  }
  out.resize(out.size() - to.size);
  bytes.erase(0, used);
  if (bytes.size() > head_limit_ && out.empty() && !done())
    return refuse("the header of a chunk is too large");
  return out;
}

}  // namespace pelton::net
