// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <compare>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace pelton::config {

// Value. The path of a route: "/users/{id}/orders", "/files/{path+}". A segment in braces is a
// parameter and stands for one segment that is not empty; one that ends with a plus, which must be
// the last, stands for one or more.
class PathPattern {
 public:
  using Parameters = std::vector<std::pair<std::string, std::string>>;  // name, value

  // invalid (E7060): what is wrong with it, as Fields::parsed() has it.
  static Result<PathPattern> parse(const std::string& text);

  const std::string& text() const { return text_; }
  // A path that it stands for: each parameter is "1".
  std::string example() const;
  bool has_parameter(std::string_view name) const;
  // The parameters of a path of decoded segments; nothing when it is another one.
  std::optional<Parameters> match(std::span<const std::string> path) const;
  // True: both stand for the same paths.
  bool same_paths(const PathPattern& other) const;
  // Less: comes first where a path fits both. From the left, text comes before a parameter, and
  // that before one of several segments.
  std::weak_ordering operator<=>(const PathPattern& other) const;
  bool operator==(const PathPattern& other) const { return text_ == other.text_; }

 private:
  enum class Kind { text, one, rest };
  struct Segment {
    Kind kind = Kind::text;
    std::string text;  // or the parameter's name
  };

  std::string text_;
  std::vector<Segment> segments_;
};

}  // namespace pelton::config
