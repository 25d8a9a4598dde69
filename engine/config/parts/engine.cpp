// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/parts.h"

#include <fmt/format.h>

#include <charconv>

namespace pelton::config {
namespace {

// "127.0.0.1:8080", "localhost:0", "[::1]:8080".
std::optional<HttpListen> address_of(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || (!bracketed && host.find_first_of("[]: ") != std::string_view::npos))
    return std::nullopt;
  HttpListen listen{std::string(host), 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), listen.port);
  if (error != std::errc{} || end != port.data() + port.size()) return std::nullopt;
  return listen;
}

std::optional<HttpListen> listen_of(const Section& section, Diagnostics& problems) {
  const auto text = section.get<std::string>("http.listen");
  if (!text) return std::nullopt;
  auto listen = address_of(*text);
  if (!listen)
    problems.error(section.place("http.listen"), "E1008",
                   fmt::format("http.listen: \"{}\" is not ADDRESS:PORT, such as 127.0.0.1:8080",
                               section.written("http.listen")));
  return listen;
}

LogLevel level_of(const std::string& text) {
  return text == "debug"   ? LogLevel::debug
         : text == "warn"  ? LogLevel::warn
         : text == "error" ? LogLevel::error
                           : LogLevel::info;
}

LogFormat format_of(const std::string& text) {
  return text == "pretty" ? LogFormat::pretty
         : text == "json" ? LogFormat::json
                          : LogFormat::automatic;
}

}  // namespace

Engine parse_engine(const Node& node, ReadContext& context) {
  const Section section = read_section(node, engine_spec(), "engine", context);
  Engine engine;
  engine.data = section.value<std::filesystem::path>("data");
  engine.http = listen_of(section, context.problems);
  engine.log_level = level_of(section.value<std::string>("log.level"));
  engine.log_format = format_of(section.value<std::string>("log.format"));
  engine.free_space_bytes = section.value<std::uint64_t>("free_space");
  engine.shutdown_timeout = section.value<Duration>("shutdown_timeout");
  engine.tail_bytes = section.value<std::uint64_t>("tail");
  return engine;
}

}  // namespace pelton::config
