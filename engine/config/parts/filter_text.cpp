// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/filter_text.h"

#include "engine/config/yaml/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>

namespace pelton::config {
namespace {

std::string equal_text(const Matcher& matcher) {
  if (matcher.null) return "null";
  if (matcher.flag) return *matcher.flag ? "true" : "false";
  if (matcher.number) return fmt::format("{}", *matcher.number);
  return fmt::format("\"{}\"", matcher.text);
}

std::string range_text(const Matcher& matcher) {
  std::vector<std::string> bounds;
  const auto add = [&](const char* name, const std::optional<Number>& bound) {
    if (bound) bounds.push_back(fmt::format("{}: {}", name, *bound));
  };
  add("above", matcher.above);
  add("at_least", matcher.at_least);
  add("below", matcher.below);
  add("at_most", matcher.at_most);
  return "{" + joined(bounds) + "}";
}

std::string matcher_text(const Matcher& matcher) {
  switch (matcher.kind) {
    case Matcher::Kind::equals:
      return equal_text(matcher);
    case Matcher::Kind::range:
      return range_text(matcher);
    case Matcher::Kind::exists:
      return fmt::format("{{exists: {}}}", matcher.flag.value_or(false));
    case Matcher::Kind::prefix:
      return fmt::format("{{prefix: \"{}\"}}", matcher.text);
    case Matcher::Kind::suffix:
      return fmt::format("{{suffix: \"{}\"}}", matcher.text);
    case Matcher::Kind::glob:
      break;
  }
  return fmt::format("{{glob: \"{}\"}}", matcher.text);
}

}  // namespace

std::string field_text(const FieldRef& field) {
  return field.text;
}

std::map<std::string, std::string> rule_texts(const std::vector<FilterRule>& rules) {
  std::map<std::string, std::string> texts;
  for (const FilterRule& rule : rules) {
    std::vector<std::string> matchers;
    for (const Matcher& matcher : rule.any_of) matchers.push_back(matcher_text(matcher));
    std::ranges::sort(matchers);
    texts[field_text(rule.field)] =
        matchers.size() == 1 ? matchers.front() : "[" + joined(matchers) + "]";
  }
  return texts;
}

}  // namespace pelton::config
