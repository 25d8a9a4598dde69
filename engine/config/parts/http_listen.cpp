// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/http_listen.h"

#include <charconv>

namespace pelton::config {
namespace {

std::unexpected<Error> no_address() {
  return fail(ErrorKind::invalid, "E1008", "is not ADDRESS:PORT, such as 127.0.0.1:8080");
}

}  // namespace

Result<HttpListen> parse_listen(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return no_address();
  std::string_view host = std::string_view(text).substr(0, colon);
  const std::string_view port = std::string_view(text).substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || (!bracketed && host.find_first_of("[]: ") != std::string_view::npos))
    return no_address();
  HttpListen listen{std::string(host), 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), listen.port);
  if (error != std::errc{} || end != port.data() + port.size()) return no_address();
  return listen;
}

std::string listen_text(const HttpListen& listen) {
  const bool bracketed = listen.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", bracketed ? "[" : "", listen.host, bracketed ? "]" : "",
                     listen.port);
}

}  // namespace pelton::config
