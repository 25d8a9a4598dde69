// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/filter.h"

#include "engine/config/parts/filter_spec.h"

#include <fmt/format.h>

#include <algorithm>

namespace pelton::config {
namespace {

constexpr std::string_view kHeaders = "headers.";
constexpr std::string_view kData = "data.";

std::vector<std::string> split_path(std::string_view text) {
  std::vector<std::string> path;
  for (;;) {
    const auto dot = text.find('.');
    path.emplace_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return path;
    text.remove_prefix(dot + 1);
  }
}

// A range that no number is in.
bool empty_range(const Matcher& m) {
  const bool crossed = (m.at_least && m.at_most && *m.at_least > *m.at_most) ||
                       (m.above && m.below && *m.above >= *m.below) ||
                       (m.above && m.at_most && *m.above >= *m.at_most) ||
                       (m.at_least && m.below && *m.at_least >= *m.below);
  return crossed;
}

// What other YAML readers take for booleans.
bool is_other_boolean(const std::string& text) {
  return text == "True" || text == "TRUE" || text == "False" || text == "FALSE";
}

// "data.celsius > 80": a comparison as other languages have it, where a field is named.
bool is_comparison(const Node& key) {
  return !key.quoted && key.text.find_first_of("<>=!") != std::string::npos;
}

// Reads what one field must hold.
class RuleReader {
 public:
  RuleReader(FilterRule& rule, ReadContext& context) : rule_(rule), context_(context) {}

  void read(const Node& node) {
    if (node.kind != Node::Kind::sequence) return read_one(node);
    if (node.items.empty()) problem(node, "the list is empty, so nothing would match");
    for (const Node& item : node.items) read_one(item);
  }

 private:
  void read_one(const Node& node) {
    if (node.kind == Node::Kind::map) return read_conditions(node);
    add_equal(node);
  }

  void add_equal(const Node& node) {
    auto matcher = equal_to(node);
    if (!matcher) return;
    if (const std::string why = never_equal(node, *matcher); !why.empty()) return never(node, why);
    rule_.any_of.push_back(std::move(*matcher));
  }

  // Why no event can have this value; empty: one can.
  std::string never_equal(const Node& node, const Matcher& matcher) const {
    const bool data = rule_.field.kind == FieldRef::Kind::data && !rule_.field.path.empty();
    if (!data && matcher.flag)
      return fmt::format("the field is a text, not a boolean: write \"{}\"", node.text);
    if (!data && matcher.null)
      return "the field is a text, never null: `exists: false` matches events without it";
    if (rule_.field.kind == FieldRef::Kind::time && matcher.number)
      return "the field is a time (RFC 3339), not a number";
    if (!node.quoted && is_other_boolean(node.text))
      return fmt::format(
          "{} is a text, not a boolean: booleans are written true and false (or put "
          "it in quotes if a text is meant)",
          node.text);
    return {};
  }

  void read_conditions(const Node& node) {
    Matcher range;
    range.kind = Matcher::Kind::range;
    std::string first;
    std::size_t kinds = 0;
    bool ranged = false;
    for (const auto& [key, value] : node.entries) {
      const FilterCondition* condition = find(key);
      if (condition == nullptr) continue;
      if (condition->kind != Matcher::Kind::range || !ranged) ++kinds;
      if (first.empty()) first = key.text;
      if (kinds > 1)
        problem(key,
                fmt::format("{} and {} cannot be combined; use a list if one of them is enough",
                            first, key.text));
      ranged |= condition->kind == Matcher::Kind::range;
      read_condition(*condition, value, range);
    }
    if (node.entries.empty()) problem(node, "no condition is given");
    if (ranged && rule_.field.kind == FieldRef::Kind::time)
      return never(node, "the field is a time (RFC 3339), not a number");
    if (ranged && empty_range(range)) problem(node, "no number is within these bounds");
    if (ranged) rule_.any_of.push_back(range);
  }

  const FilterCondition* find(const Node& key) {
    const auto& all = filter_conditions();
    const auto at = std::ranges::find(all, key.text, &FilterCondition::name);
    if (at != all.end()) return &*at;
    std::vector<std::string> known;
    for (const FilterCondition& condition : all) known.push_back(condition.name);
    problem(key,
            fmt::format("unknown condition \"{}\"{}", key.text, did_you_mean(key.text, known)));
    return nullptr;
  }

  void read_condition(const FilterCondition& condition, const Node& value, Matcher& range) {
    switch (condition.kind) {
      case Matcher::Kind::equals:
        return read_equals(value);
      case Matcher::Kind::exists:
        return read_exists(value);
      case Matcher::Kind::range:
        return read_bound(condition.name, value, range);
      case Matcher::Kind::prefix:
      case Matcher::Kind::suffix:
      case Matcher::Kind::glob:
        break;
    }
    Matcher matcher;
    matcher.kind = condition.kind;
    const auto text = value.kind == Node::Kind::scalar ? expand(value, context_) : std::nullopt;
    if (value.kind != Node::Kind::scalar)
      problem(value, fmt::format("{} takes a text, not {}", condition.name, value.kind_name()));
    matcher.text = text.value_or("");
    rule_.any_of.push_back(std::move(matcher));
  }

  void read_equals(const Node& value) {
    if (value.kind == Node::Kind::sequence && !value.items.empty()) {
      for (const Node& item : value.items) add_equal(item);
    } else {
      add_equal(value);
    }
  }

  void read_exists(const Node& value) {
    if (value.quoted || (value.text != "true" && value.text != "false"))
      problem(value, "exists takes true or false");
    Matcher matcher;
    matcher.kind = Matcher::Kind::exists;
    matcher.flag = value.text == "true";
    rule_.any_of.push_back(std::move(matcher));
  }

  void read_bound(const std::string& name, const Node& value, Matcher& range) {
    std::optional<Number>& bound = name == "above"      ? range.above
                                   : name == "at_least" ? range.at_least
                                   : name == "below"    ? range.below
                                                        : range.at_most;
    const auto text = value.kind == Node::Kind::scalar ? expand(value, context_) : std::nullopt;
    if (text) bound = parse_number(*text);
    if (text || value.kind != Node::Kind::scalar)
      if (!bound) problem(value, fmt::format("{} takes a number", name));
  }

  // The value as YAML has it: a number, true, false, null or a text; in quotes always a text.
  std::optional<Matcher> equal_to(const Node& node) {
    Matcher matcher;
    matcher.kind = Matcher::Kind::equals;
    if (node.kind == Node::Kind::null) {
      matcher.null = true;
      return matcher;
    }
    if (node.kind != Node::Kind::scalar) {
      problem(node, fmt::format("expected a value, not {}", node.kind_name()));
      return std::nullopt;
    }
    auto text = expand(node, context_);
    if (!text) return std::nullopt;
    matcher.text = std::move(*text);
    if (node.quoted) return matcher;
    if (matcher.text == "true" || matcher.text == "false") matcher.flag = matcher.text == "true";
    matcher.number = parse_number(matcher.text);
    return matcher;
  }

  void never(const Node& at, const std::string& why) {
    context_.problems.error(at.place, "E1029",
                            fmt::format("filter on {} never matches: {}", rule_.field.text, why));
  }

  void problem(const Node& at, const std::string& message) {
    context_.problems.error(at.place, "E1018",
                            fmt::format("filter on {}: {}", rule_.field.text, message));
  }

  FilterRule& rule_;
  ReadContext& context_;
};

}  // namespace

std::optional<FieldRef> read_field(const std::string& text, Place place, Diagnostics& problems) {
  FieldRef field;
  field.text = text;
  field.place = place;
  std::vector<std::string> known;
  for (const EventField& one : event_fields()) {
    known.push_back(one.name);
    if (text != one.name || text.starts_with(kHeaders) || text.starts_with(kData)) continue;
    field.kind = one.kind;
    return field;
  }
  if (text.starts_with(kHeaders) && text.size() > kHeaders.size()) {
    field.kind = FieldRef::Kind::header;
    field.header = text.substr(kHeaders.size());
    return field;
  }
  if (text.starts_with(kData) && text.size() > kData.size() && !text.ends_with('.') &&
      text.find("..") == std::string::npos) {
    field.kind = FieldRef::Kind::data;
    field.path = split_path(std::string_view(text).substr(kData.size()));
    return field;
  }
  problems.error(place, "E1018",
                 fmt::format("\"{}\" is not a field of an event{}; the fields are {}", text,
                             did_you_mean(text, known), joined(known)));
  return std::nullopt;
}

std::vector<FilterRule> read_filter(const Node& node, ReadContext& context) {
  std::vector<FilterRule> rules;
  if (node.kind != Node::Kind::map) {
    context.problems.error(
        node.place, "E1018",
        fmt::format("a filter is a mapping of fields to conditions, not {}", node.kind_name()));
    return rules;
  }
  for (const auto& [key, value] : node.entries) {
    if (is_comparison(key)) {
      context.problems.error(
          key.place, "E1029",
          fmt::format(
              "filter on {} never matches: that is not the name of a field; a comparison is "
              "written as a condition, such as data.celsius: {{ above: 80 }}",
              key.text));
      continue;
    }
    auto field = read_field(key.text, key.place, context.problems);
    if (!field) continue;
    FilterRule rule;
    rule.field = std::move(*field);
    RuleReader(rule, context).read(value);
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace pelton::config
