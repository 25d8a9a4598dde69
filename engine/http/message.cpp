// SPDX-License-Identifier: Apache-2.0
#include "engine/http/message.h"

#include "engine/http/json_text.h"

namespace pelton::http {
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
  return out.find('\0') == std::string::npos;
}

bool parse_query(std::string_view rest, std::map<std::string, std::string>& query) {
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (pair.empty()) continue;
    const auto equal = pair.find('=');
    std::string name;
    std::string value;
    if (!decode(pair.substr(0, equal), true, name)) return false;
    if (equal != std::string_view::npos && !decode(pair.substr(equal + 1), true, value))
      return false;
    query[name] = value;
  }
  return true;
}

unsigned status_of(const Error& error) {
  if (error.code == "E5001") return 404;
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

}  // namespace

bool parse_target(std::string_view target, Request& request) {
  const auto question = target.find('?');
  std::string_view path = target.substr(0, question);
  if (path.empty() || path.front() != '/') return false;
  path.remove_prefix(1);
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (!decode(path.substr(0, slash), false, request.path.emplace_back())) return false;
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return question == std::string_view::npos ||
         parse_query(target.substr(question + 1), request.query);
}

std::string error_line(const Error& error) {
  return fmt::format(R"({{"error":{{"code":{},"kind":{},"message":{}}}}})", json_quoted(error.code),
                     json_quoted(to_string(error.kind)), json_quoted(error.message)) +
         "\n";
}

Response error_response(const Error& error) {
  Response response{status_of(error), "application/json", error_line(error)};
  if (error.kind == ErrorKind::overloaded) response.headers.emplace_back("Retry-After", "1");
  return response;
}

Response lines(std::shared_ptr<BodyStream> stream) {
  Response response{200, "application/x-ndjson", ""};
  response.stream = std::move(stream);
  return response;
}

}  // namespace pelton::http
