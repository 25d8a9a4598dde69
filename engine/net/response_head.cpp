// SPDX-License-Identifier: Apache-2.0
#include "engine/net/response_head.h"

#include <boost/beast/http/status.hpp>
#include <fmt/chrono.h>

#include <algorithm>

namespace pelton::net {
namespace {

void add(std::string& head, std::string_view name, std::string_view value) {
  auto append = [&head](std::string_view text) {
    for (const char c : text)
      if (c != '\r' && c != '\n' && c != '\0') head += c;
  };
  append(name);
  head += ": ";
  append(value);
  head += "\r\n";
}

}  // namespace

std::string_view HttpDate::of(WallTime now) {
  const std::int64_t second = to_us(now) / 1'000'000;
  if (second != second_) {
    second_ = second;
    text_ = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(static_cast<time_t>(second)));
  }
  return text_;
}

std::string response_head(const Response& response, const Framing& framing) {
  const auto status = boost::beast::http::int_to_status(response.status);
  // A status without a name has an empty reason.
  const auto reason = status == boost::beast::http::status::unknown
                          ? boost::beast::string_view()
                          : boost::beast::http::obsolete_reason(status);
  std::string head = fmt::format("HTTP/1.{} {} {}\r\n", framing.http11 ? 1 : 0, response.status,
                                 std::string_view(reason.data(), reason.size()));
  const auto has = [&response](std::string_view name) {
    return std::ranges::any_of(response.headers,
                               [name](const Field& field) { return same_name(field.name, name); });
  };
  if (!framing.date.empty() && !has("Date")) add(head, "Date", framing.date);
  if (!has("Server")) add(head, "Server", "pelton");
  if (!response.content_type.empty()) add(head, "Content-Type", response.content_type);
  if (!has("Cache-Control")) add(head, "Cache-Control", "no-store");
  for (const Field& field : response.headers) add(head, field.name, field.value);
  if (!framing.keep_alive)
    add(head, "Connection", "close");
  else if (!framing.http11)
    add(head, "Connection", "keep-alive");
  // These have no body, and say no length.
  if (response.status == 204 || response.status == 304) return head + "\r\n";
  if (framing.length)
    add(head, "Content-Length", std::to_string(*framing.length));
  else if (framing.http11)
    add(head, "Transfer-Encoding", "chunked");
  return head + "\r\n";
}

}  // namespace pelton::net
