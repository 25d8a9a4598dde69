// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/filter.h"

#include <fnmatch.h>

#include <algorithm>

namespace pelton::dispatch {
namespace {

using Kind = FieldValue::Kind;

std::optional<Number> number_of(const FieldValue& value) {
  if (value.kind != Kind::number && value.kind != Kind::text) return std::nullopt;
  return parse_number(value.text);
}

bool equals(const config::Matcher& matcher, const FieldValue& value) {
  if (matcher.null) return value.kind == Kind::null;
  if (matcher.flag) return value.kind == Kind::boolean && value.boolean == *matcher.flag;
  if (matcher.number) return number_of(value) == matcher.number;
  return value.kind == Kind::text && value.text == matcher.text;
}

bool in_range(const config::Matcher& matcher, const FieldValue& value) {
  const auto number = number_of(value);
  return number && (!matcher.above || *number > *matcher.above) &&
         (!matcher.at_least || *number >= *matcher.at_least) &&
         (!matcher.below || *number < *matcher.below) &&
         (!matcher.at_most || *number <= *matcher.at_most);
}

}  // namespace

bool matches(const config::Matcher& matcher, const FieldValue& value) {
  const bool text = value.kind == Kind::text || value.kind == Kind::number;
  switch (matcher.kind) {
    case config::Matcher::Kind::equals:
      return equals(matcher, value);
    case config::Matcher::Kind::prefix:
      return text && value.text.starts_with(matcher.text);
    case config::Matcher::Kind::suffix:
      return text && value.text.ends_with(matcher.text);
    case config::Matcher::Kind::glob:
      return text && ::fnmatch(matcher.text.c_str(), value.text.c_str(), 0) == 0;
    case config::Matcher::Kind::exists:
      return (value.kind != Kind::absent) == matcher.flag.value_or(true);
    case config::Matcher::Kind::range:
      return in_range(matcher, value);
  }
  return false;
}

bool Filter::passes(const model::Batch& batch, std::size_t i) {
  return std::ranges::all_of(rules_, [&](const config::FilterRule& rule) {
    const FieldValue value = reader_.read(rule.field, batch, i);
    return std::ranges::any_of(rule.any_of,
                               [&](const config::Matcher& m) { return matches(m, value); });
  });
}

}  // namespace pelton::dispatch
