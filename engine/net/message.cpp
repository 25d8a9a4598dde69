// SPDX-License-Identifier: Apache-2.0
#include "engine/net/message.h"

#include "engine/base/json_quoted.h"

#include <algorithm>
#include <utility>

namespace pelton::net {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A plus is a space in a query only.
bool decode(std::string_view text, bool in_query, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += in_query && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) return false;
    out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
    i += 2;
  }
  return true;
}

bool decode_part(std::string_view text, bool in_query, std::string& out) {
  return decode(text, in_query, out) && out.find('\0') == std::string::npos;
}

bool parse_query(std::string_view rest, std::vector<Field>& query) {
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (pair.empty()) continue;
    const auto equal = pair.find('=');
    std::string name;
    std::string value;
    if (!decode_part(pair.substr(0, equal), true, name)) return false;
    if (equal != std::string_view::npos && !decode_part(pair.substr(equal + 1), true, value))
      return false;
    query.push_back({std::move(name), std::move(value)});
  }
  return true;
}

unsigned status_of(const Error& error) {
  if (error.code == "E5001") return 404;
  if (error.code == "E5011") return 413;
  switch (error.kind) {
    case ErrorKind::invalid:
      return 400;
    case ErrorKind::corrupt:
      return 500;
    case ErrorKind::unavailable:
    case ErrorKind::overloaded:
    case ErrorKind::cancelled:
      return 503;
  }
  return 500;
}

// A body that is put together. Shared with the read that is under way.
class WholeBody : public std::enable_shared_from_this<WholeBody> {
 public:
  WholeBody(std::shared_ptr<RequestBody> body, std::size_t limit, Answer<std::string> answer)
      : body_(std::move(body)), limit_(limit), answer_(std::move(answer)) {}

  void next() {
    body_->read([self = shared_from_this()](Result<std::string> piece) { self->take(piece); });
  }

 private:
  void take(Result<std::string>& piece) {
    if (!piece) return answer_(std::unexpected(piece.error()));
    if (piece->empty()) return answer_(std::move(whole_));
    if (whole_.size() + piece->size() > limit_)
      return answer_(fail(ErrorKind::invalid, "E5011",
                          "the body is larger than the {} bytes that this request takes", limit_));
    whole_ += *piece;
    next();
  }

  const std::shared_ptr<RequestBody> body_;  // shared with its connection
  const std::size_t limit_;
  Answer<std::string> answer_;
  std::string whole_;
};

// What is left of an absolute-form target ("http://host/path?query") without its authority.
std::string origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (target.size() > scheme.size() && same_name(target.substr(0, scheme.size()), scheme)) {
      target.remove_prefix(scheme.size());
      const auto end = target.find_first_of("/?");
      const auto rest = end == std::string_view::npos ? std::string_view() : target.substr(end);
      return rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
    }
  return std::string(target);
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

const std::string* Request::header(std::string_view name) const {
  const auto at = std::ranges::find_if(
      headers, [name](const Field& field) { return same_name(field.name, name); });
  return at == headers.end() ? nullptr : &at->value;
}

const std::string* Request::parameter(std::string_view name) const {
  const auto at = std::ranges::find(query, name, &Field::name);
  return at == query.end() ? nullptr : &at->value;
}

void read_all(std::shared_ptr<RequestBody> body, std::size_t limit, Answer<std::string> answer) {
  std::make_shared<WholeBody>(std::move(body), limit, std::move(answer))->next();
}

bool parse_target(std::string_view sent, Request& request) {
  const std::string origin = origin_form(sent);
  const std::string_view target = origin;
  const auto question = target.find('?');
  std::string_view path = target.substr(0, question);
  if (path.empty() || path.front() != '/') return false;
  path.remove_prefix(1);
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (!decode_part(path.substr(0, slash), false, request.path.emplace_back())) return false;
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return question == std::string_view::npos ||
         parse_query(target.substr(question + 1), request.query);
}

bool percent_decode(std::string_view text, std::string& out) {
  return decode(text, false, out);
}

TargetParts split_target(std::string_view target) {
  const std::string origin = origin_form(target);
  const auto question = origin.find('?');
  if (question == std::string::npos) return {origin, {}};
  return {origin.substr(0, question), origin.substr(question + 1)};
}

std::string error_line(const Error& error) {
  return fmt::format(R"({{"error":{{"code":{},"kind":{},"message":{}}}}})", json_quoted(error.code),
                     json_quoted(to_string(error.kind)), json_quoted(error.message)) +
         "\n";
}

Response error_response(const Error& error) {
  Response response{status_of(error), "application/json", error_line(error)};
  if (error.kind == ErrorKind::overloaded) response.headers.push_back({"Retry-After", "1"});
  return response;
}

}  // namespace pelton::net
