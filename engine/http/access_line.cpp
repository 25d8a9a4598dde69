// SPDX-License-Identifier: Apache-2.0
#include "engine/http/access_line.h"

#include "engine/base/json_quoted.h"
#include "engine/base/units.h"
#include "engine/http/log_time.h"

#include <utility>

namespace pelton::http {
namespace {

constexpr unsigned kGone = 499;

unsigned logged_status(const net::LoggedRequest& request) {
  return request.status == 0 ? kGone : request.status;
}

std::string json_line(const net::LoggedRequest& request) {
  std::string line =
      fmt::format(R"({{"time":"{}","client":{})",
                  format_time(std::chrono::floor<std::chrono::milliseconds>(request.at)),
                  json_quoted(request.client));
  if (request.connected != request.client)
    line += fmt::format(R"(,"proxy":{})", json_quoted(request.connected));
  const std::pair<const char*, const std::string&> texts[] = {{"method", request.method},
                                                              {"target", request.target},
                                                              {"host", request.host},
                                                              {"referer", request.referer},
                                                              {"user_agent", request.user_agent}};
  for (const auto& [name, text] : texts)
    if (!text.empty()) line += fmt::format(R"(,"{}":{})", name, json_quoted(text));
  const double seconds = std::chrono::duration<double>(request.took).count();
  return line + fmt::format(R"(,"https":{},"status":{},"bytes":{},"seconds":{:.6f}}})",
                            request.encrypted, logged_status(request), request.bytes, seconds);
}

// What is within quotes there.
std::string within_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\')
      out += fmt::format("\\x{:02X}", byte);
    else
      out += c;
  }
  return out + '"';
}

std::string quoted_or_dash(const std::string& text) {
  return text.empty() ? "\"-\"" : within_quotes(text);
}

std::string common_line(const net::LoggedRequest& request) {
  const std::string line =
      request.method.empty()
          ? std::string()
          : fmt::format("{} {} HTTP/1.{}", request.method, request.target, request.old ? 0 : 1);
  return fmt::format("{} - - [{}] {} {} {}", request.client.empty() ? "-" : request.client,
                     log_time(request.at), quoted_or_dash(line), logged_status(request),
                     request.bytes);
}

}  // namespace

std::string access_line(const net::LoggedRequest& request, config::AccessLogFormat format) {
  using Format = config::AccessLogFormat;
  if (format == Format::json) return json_line(request);
  std::string line = common_line(request);
  if (format == Format::combined)
    line += " " + quoted_or_dash(request.referer) + " " + quoted_or_dash(request.user_agent);
  return line;
}

}  // namespace pelton::http
