// SPDX-License-Identifier: Apache-2.0
#include "engine/net/forwarding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace pelton::net {
namespace {

using config::parse_address;

constexpr const char* kFor = "X-Forwarded-For";
constexpr const char* kHost = "X-Forwarded-Host";
constexpr const char* kPort = "X-Forwarded-Port";
constexpr const char* kProto = "X-Forwarded-Proto";
constexpr const char* kStandard = "Forwarded";
constexpr std::size_t kMaxHost = 255;
// Each proxy adds one.
constexpr std::size_t kMaxHops = 32;

// What one proxy says: whom it got the request from, and how.
struct Hop {
  std::string from, proto, host, port;
};

std::string_view without_blanks(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// The parts of a text between separators, which may also be within quotes. Nothing: a quote that
// somebody on the way has opened is still open.
std::optional<std::vector<std::string_view>> parts_of(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == separator && !quoted) {
      parts.push_back(without_blanks(text.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  if (quoted) return std::nullopt;
  parts.push_back(without_blanks(text.substr(begin)));
  return parts;
}

// The entries of a list, which may be spread over several fields. They have no quotes.
std::vector<std::string> list_of(const Request& request, const char* name) {
  std::vector<std::string> list;
  for (const Field& field : request.headers) {
    if (!same_name(field.name, name)) continue;
    std::string_view rest = field.value;
    for (;;) {
      const auto comma = rest.find(',');
      list.emplace_back(without_blanks(rest.substr(0, comma)));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return list;
}

std::string last_of(const Request& request, const char* name) {
  const auto list = list_of(request, name);
  return list.empty() ? std::string() : list.back();
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string plain;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) ++i;
    plain += text[i];
  }
  return plain;
}

// "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80", "2001:db8::1" without the port.
std::string without_port(const std::string& node) {
  if (node.starts_with('[')) {
    const auto end = node.find(']');
    return end == std::string::npos ? std::string() : node.substr(1, end - 1);
  }
  const auto colon = node.find(':');
  return colon == node.rfind(':') ? node.substr(0, colon) : node;
}

Hop hop_of(const std::vector<std::string_view>& pairs) {
  Hop hop;
  for (const std::string_view pair : pairs) {
    const auto equals = std::min(pair.find('='), pair.size());
    const std::string_view name = pair.substr(0, equals);
    const std::string value = unquoted(pair.substr(std::min(equals + 1, pair.size())));
    if (same_name(name, "for")) hop.from = without_port(value);
    if (same_name(name, "proto")) hop.proto = value;
    if (same_name(name, "host")) hop.host = value;
  }
  return hop;
}

// In the order in which they were added; the last is the word of whoever is connected.
std::vector<Hop> by_standard(const Request& request) {
  std::vector<Hop> hops;
  for (const Field& field : request.headers) {
    if (!same_name(field.name, kStandard)) continue;
    const auto elements = parts_of(field.value, ',');
    // What came before it is out of reach.
    if (!elements) hops.assign(1, {});
    for (const std::string_view element : elements.value_or(std::vector<std::string_view>{}))
      if (const auto pairs = parts_of(element, ';')) hops.push_back(hop_of(*pairs));
  }
  return hops;
}

std::vector<Hop> by_custom(const Request& request) {
  std::vector<Hop> hops;
  for (const std::string& from : list_of(request, kFor))
    hops.push_back({without_port(from), {}, {}, {}});
  if (hops.empty()) hops.emplace_back();
  Hop& last = hops.back();
  last.proto = last_of(request, kProto);
  last.host = last_of(request, kHost);
  last.port = last_of(request, kPort);
  return hops;
}

bool is_trusted(const Forwarding& forwarding, const std::string& peer) {
  const auto address = parse_address(peer);
  return address && std::ranges::any_of(forwarding.trusted, [&](const config::Network& network) {
           return network.contains(*address);
         });
}

bool good_host(std::string_view host) {
  return !host.empty() && host.size() <= kMaxHost && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._:[]").contains(c);
  });
}

void set_host(Request& request, const std::string& host) {
  const auto field = std::ranges::find_if(
      request.headers, [](const Field& each) { return same_name(each.name, "Host"); });
  if (field != request.headers.end())
    field->value = host;
  else
    request.headers.push_back({"Host", host});
}

void take_over(const Hop& word, Request& request) {
  const bool https = same_name(word.proto, "https");
  if (https || same_name(word.proto, "http")) {
    request.encrypted = https;
    request.forwarded_port = https ? 443 : 80;
  }
  std::uint16_t port = 0;
  const char* const end = word.port.data() + word.port.size();
  const auto [read, error] = std::from_chars(word.port.data(), end, port);
  if (error == std::errc{} && read == end && port != 0) request.forwarded_port = port;
  if (good_host(word.host)) set_host(request, word.host);
}

}  // namespace

void believe_proxies(const Forwarding& forwarding, Request& request) {
  std::optional<std::vector<Hop>> hops;
  if (is_trusted(forwarding, request.peer))
    hops = forwarding.standard ? by_standard(request) : by_custom(request);
  std::erase_if(request.headers, [](const Field& field) {
    return std::ranges::any_of(std::array{kFor, kHost, kPort, kProto, kStandard},
                               [&](const char* name) { return same_name(field.name, name); });
  });
  if (!hops) return;
  if (!hops->empty()) take_over(hops->back(), request);
  // From whoever is connected outwards, as far as each is known to speak the truth.
  std::string chain = request.peer;
  std::size_t believed = 0;
  for (auto hop = hops->rbegin(); hop != hops->rend() && believed < kMaxHops; ++hop, ++believed) {
    if (!is_trusted(forwarding, request.peer) || !parse_address(hop->from)) break;
    request.peer = hop->from;
    chain = hop->from + ", " + chain;
  }
  request.forwarded_for = chain;
  request.headers.push_back({kFor, std::move(chain)});
}

}  // namespace pelton::net
