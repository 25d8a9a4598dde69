// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/server_url.h"

#include "engine/net/message.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace pelton::mysql {
namespace {

std::unexpected<Error> no_url(const char* why) {
  return fail(ErrorKind::invalid, "E7220",
              "`url` is not of the form mysql://USER:PASSWORD@HOST:PORT: {}", why);
}

bool read_port(std::string_view text, std::uint16_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out != 0;
}

}  // namespace

std::string Server::address() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

Result<Server> parse_url(const std::string& url) {
  std::string_view rest = url;
  const std::size_t scheme = rest.find("://");
  if (scheme == std::string_view::npos ||
      (rest.substr(0, scheme) != "mysql" && rest.substr(0, scheme) != "mariadb"))
    return no_url("it does not begin with mysql:// or mariadb://");
  rest.remove_prefix(scheme + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t at = rest.rfind('@');
  if (at == std::string_view::npos) return no_url("it names no user");
  Server out;
  const std::string_view login = rest.substr(0, at);
  const std::size_t colon = std::min(login.find(':'), login.size());
  if (!net::percent_decode(login.substr(0, colon), out.user) || out.user.empty() ||
      !net::percent_decode(login.substr(std::min(colon + 1, login.size())), out.password))
    return no_url("the user or the password is not percent-encoded");
  std::string_view host = rest.substr(at + 1);
  if (host.find_first_of("/?#") != std::string_view::npos)
    return no_url("something follows the host; databases are named in `tables`, TLS in `tls`");
  std::string_view port;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return no_url("a bracket is not closed");
    port = host.substr(end + 1);
    host = host.substr(1, end - 1);
  } else if (const std::size_t mark = host.find(':'); mark != std::string_view::npos) {
    port = host.substr(mark);
    host = host.substr(0, mark);
  }
  if (host.empty()) return no_url("it names no host");
  if (!port.empty() && (port.front() != ':' || !read_port(port.substr(1), out.port)))
    return no_url("the port is not a number between 1 and 65535");
  out.host = host;
  return out;
}

}  // namespace pelton::mysql
