// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/gtid.h"

#include "connectors/mysql/wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace pelton::mysql {
namespace {

template <typename Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// Takes what is before the next separator off the front of `rest`.
std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view taken = trimmed(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return taken;
}

bool read_uuid(std::string_view text, std::array<std::uint8_t, 16>& out) {
  if (text.size() != 36) return false;
  std::size_t digits = 0;
  out = {};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return false;
    if (dash) continue;
    std::uint8_t digit = 0;
    if (std::from_chars(&text[i], &text[i] + 1, digit, 16).ec != std::errc{}) return false;
    out[digits / 2] = static_cast<std::uint8_t>(out[digits / 2] * 16 + digit);
    ++digits;
  }
  return true;
}

std::string server_id_text(const std::array<std::uint8_t, 16>& uuid) {
  std::string out;
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    fmt::format_to(std::back_inserter(out), "{:02x}", uuid[i]);
  }
  return out;
}

}  // namespace

std::string text_of(const MariaGtid& gtid) {
  return fmt::format("{}-{}-{}", gtid.domain, gtid.server, gtid.sequence);
}

std::optional<MariaGtidSet> MariaGtidSet::parse(std::string_view text) {
  MariaGtidSet out;
  while (!trimmed(text).empty()) {
    std::string_view one = take(text, ',');
    MariaGtid gtid;
    const bool good = read_number(take(one, '-'), gtid.domain) &&
                      read_number(take(one, '-'), gtid.server) && read_number(one, gtid.sequence);
    if (!good) return std::nullopt;
    out.add(gtid);
  }
  return out;
}

std::string MariaGtidSet::text() const {
  std::string out;
  for (const MariaGtid& gtid : newest_) out += (out.empty() ? "" : ",") + text_of(gtid);
  return out;
}

void MariaGtidSet::add(const MariaGtid& gtid) {
  const auto at = std::ranges::lower_bound(newest_, gtid.domain, {}, &MariaGtid::domain);
  if (at == newest_.end() || at->domain != gtid.domain)
    newest_.insert(at, gtid);
  else
    *at = gtid;
}

std::string text_of(const MysqlGtid& gtid) {
  return fmt::format("{}:{}", server_id_text(gtid.server), gtid.number);
}

bool MysqlGtidSet::read_ranges(std::string_view text, Ranges& out) {
  while (!text.empty()) {
    std::string_view part = take(text, ':');
    Range range;
    if (!read_number(take(part, '-'), range.first)) return false;
    range.last = range.first;
    if (!part.empty() && !read_number(part, range.last)) return false;
    if (range.first == 0 || range.last < range.first || range.last == UINT64_MAX) return false;
    add_range(out, range);
  }
  return true;
}

std::optional<MysqlGtidSet> MysqlGtidSet::parse(std::string_view text) {
  MysqlGtidSet out;
  while (!trimmed(text).empty()) {
    std::string_view one = take(text, ',');
    std::array<std::uint8_t, 16> server{};
    if (!read_uuid(take(one, ':'), server) || one.empty() ||
        !read_ranges(one, out.sources_[server]))
      return std::nullopt;
  }
  return out;
}

std::string MysqlGtidSet::text() const {
  std::string out;
  for (const auto& [server, ranges] : sources_) {
    out += (out.empty() ? "" : ",") + server_id_text(server);
    for (const Range& range : ranges)
      out += range.first == range.last ? fmt::format(":{}", range.first)
                                       : fmt::format(":{}-{}", range.first, range.last);
  }
  return out;
}

void MysqlGtidSet::add_range(Ranges& ranges, Range range) {
  // Nearly always it continues the newest one.
  if (!ranges.empty() && range.first == ranges.back().last + 1) {
    ranges.back().last = range.last;
    return;
  }
  auto at =
      std::ranges::find_if(ranges, [&](const Range& one) { return one.last + 1 >= range.first; });
  while (at != ranges.end() && at->first <= range.last + 1) {
    range.first = std::min(range.first, at->first);
    range.last = std::max(range.last, at->last);
    at = ranges.erase(at);
  }
  ranges.insert(at, range);
}

void MysqlGtidSet::add(const MysqlGtid& gtid) {
  add_range(sources_[gtid.server], {gtid.number, gtid.number});
}

bool MysqlGtidSet::contains(const MysqlGtid& gtid) const {
  const auto at = sources_.find(gtid.server);
  return at != sources_.end() && std::ranges::any_of(at->second, [&](const Range& range) {
           return range.first <= gtid.number && gtid.number <= range.last;
         });
}

std::string MysqlGtidSet::encoded() const {
  std::string out;
  put_number(out, sources_.size(), 8);
  for (const auto& [server, ranges] : sources_) {
    out.append(server.begin(), server.end());
    put_number(out, ranges.size(), 8);
    for (const Range& range : ranges) {
      put_number(out, range.first, 8);
      put_number(out, range.last + 1, 8);
    }
  }
  return out;
}

}  // namespace pelton::mysql
