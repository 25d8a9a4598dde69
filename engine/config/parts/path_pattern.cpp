// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/path_pattern.h"

#include <algorithm>

namespace pelton::config {
namespace {

constexpr std::size_t kMaxPattern = 512;

std::unexpected<Error> bad(std::string_view why) {
  return fail(ErrorKind::invalid, "E7060", "{}", why);
}

bool good_parameter(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

}  // namespace

Result<PathPattern> PathPattern::parse(const std::string& text) {
  PathPattern pattern;
  pattern.text_ = text;
  if (!text.starts_with('/')) return bad("does not begin with a slash");
  if (text.size() > kMaxPattern) return bad("is longer than 512 bytes");
  if (text.find_first_of("?#%") != std::string::npos)
    return bad("has a `?`, `#` or `%`: a path is written decoded and without a query");
  std::string_view rest = std::string_view(text).substr(1);
  while (!rest.empty()) {
    const auto slash = rest.find('/');
    std::string_view part = rest.substr(0, slash);
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
    if (!pattern.segments_.empty() && pattern.segments_.back().kind == Kind::rest)
      return bad("has `{...+}` before its last segment");
    if (part.empty() || part == "." || part == "..")
      return bad("has an empty, `.` or `..` segment");
    Segment segment{Kind::text, std::string(part)};
    if (part.find_first_of("{}") != std::string_view::npos) {
      if (!part.starts_with('{') || !part.ends_with('}'))
        return bad("has braces within a segment: a parameter is a whole segment, such as `{id}`");
      part = part.substr(1, part.size() - 2);
      segment.kind = part.ends_with('+') ? Kind::rest : Kind::one;
      if (segment.kind == Kind::rest) part.remove_suffix(1);
      if (!good_parameter(part))
        return bad("has a parameter without a proper name, such as `{id}`");
      if (pattern.has_parameter(part)) return bad("names a parameter twice");
      segment.text = part;
    }
    pattern.segments_.push_back(std::move(segment));
  }
  return pattern;
}

std::string PathPattern::example() const {
  if (segments_.empty()) return "/";
  std::string path;
  for (const Segment& segment : segments_)
    path.append("/").append(segment.kind == Kind::text ? segment.text : "1");
  return path;
}

bool PathPattern::has_parameter(std::string_view name) const {
  return std::ranges::any_of(segments_, [&](const Segment& segment) {
    return segment.kind != Kind::text && segment.text == name;
  });
}

std::optional<PathPattern::Parameters> PathPattern::match(std::span<const std::string> path) const {
  Parameters parameters;
  for (const Segment& segment : segments_) {
    if (path.empty()) return std::nullopt;
    std::string value = path.front();
    path = path.subspan(1);
    if (segment.kind == Kind::text && value != segment.text) return std::nullopt;
    if (segment.kind == Kind::text) continue;
    for (; segment.kind == Kind::rest && !path.empty(); path = path.subspan(1))
      value += "/" + path.front();
    if (value.empty()) return std::nullopt;
    parameters.emplace_back(segment.text, std::move(value));
  }
  return path.empty() ? std::optional(std::move(parameters)) : std::nullopt;
}

bool PathPattern::same_paths(const PathPattern& other) const {
  return std::ranges::equal(segments_, other.segments_, [](const Segment& a, const Segment& b) {
    return a.kind == b.kind && (a.kind != Kind::text || a.text == b.text);
  });
}

std::weak_ordering PathPattern::operator<=>(const PathPattern& other) const {
  const std::size_t both = std::min(segments_.size(), other.segments_.size());
  for (std::size_t i = 0; i < both; ++i)
    if (segments_[i].kind != other.segments_[i].kind)
      return segments_[i].kind <=> other.segments_[i].kind;
  return other.segments_.size() <=> segments_.size();
}

}  // namespace pelton::config
