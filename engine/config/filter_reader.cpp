// SPDX-License-Identifier: Apache-2.0
#include "engine/config/filter_reader.h"

#include <fmt/format.h>

#include <charconv>

namespace pelton::config {
namespace {

using Kind = FieldRef::Kind;

const std::vector<std::pair<std::string, Kind>>& plain_fields() {
  static const std::vector<std::pair<std::string, Kind>> fields{
      {"id", Kind::id},
      {"source", Kind::source},
      {"type", Kind::type},
      {"subject", Kind::subject},
      {"key", Kind::key},
      {"time", Kind::time},
      {"content_type", Kind::content_type},
      {"data", Kind::data}};
  return fields;
}

std::vector<std::string> split_path(std::string_view text) {
  std::vector<std::string> path;
  for (;;) {
    const auto dot = text.find('.');
    path.emplace_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return path;
    text.remove_prefix(dot + 1);
  }
}

std::optional<double> number_of(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Matcher equals(const Node& node) {
  Matcher matcher;
  matcher.kind = Matcher::Kind::equals;
  matcher.text = node.text;
  if (node.kind == Node::Kind::null) matcher.null = true;
  if (node.quoted) return matcher;
  if (node.text == "true" || node.text == "false") matcher.flag = node.text == "true";
  matcher.number = number_of(node.text);
  return matcher;
}

class ConditionReader {
 public:
  ConditionReader(FilterRule& rule, Diagnostics& problems) : rule_(rule), problems_(problems) {}

  void read(const Node& node) {
    Matcher range;
    range.kind = Matcher::Kind::range;
    bool ranged = false;
    for (const auto& [key, value] : node.entries)
      if (!read_text(key, value) && !read_exists(key, value))
        ranged |= read_bound(key, value, range);
    if (ranged) rule_.any_of.push_back(range);
  }

 private:
  bool read_text(const Node& key, const Node& value) {
    using K = Matcher::Kind;
    const std::vector<std::pair<std::string, K>> kinds{
        {"prefix", K::prefix}, {"suffix", K::suffix}, {"glob", K::glob}};
    if (key.text == "equals") {
      rule_.any_of.push_back(equals(value));
      return true;
    }
    for (const auto& [name, kind] : kinds) {
      if (key.text != name) continue;
      Matcher matcher;
      matcher.kind = kind;
      matcher.text = value.text;
      rule_.any_of.push_back(std::move(matcher));
      return true;
    }
    return false;
  }

  bool read_exists(const Node& key, const Node& value) {
    if (key.text != "exists") return false;
    if (value.text != "true" && value.text != "false")
      problems_.error(value.place, "E1018", "exists is true or false");
    Matcher matcher;
    matcher.kind = Matcher::Kind::exists;
    matcher.flag = value.text == "true";
    rule_.any_of.push_back(std::move(matcher));
    return true;
  }

  bool read_bound(const Node& key, const Node& value, Matcher& range) {
    std::optional<double>* bound = key.text == "above"      ? &range.above
                                   : key.text == "at_least" ? &range.at_least
                                   : key.text == "below"    ? &range.below
                                   : key.text == "at_most"  ? &range.at_most
                                                            : nullptr;
    static const std::vector<std::string> known{"equals", "prefix",   "suffix", "glob",   "exists",
                                                "above",  "at_least", "below",  "at_most"};
    if (bound == nullptr) {
      problems_.error(
          key.place, "E1018",
          fmt::format("unknown condition \"{}\"{}", key.text, did_you_mean(key.text, known)));
      return false;
    }
    *bound = number_of(value.text);
    if (!*bound) problems_.error(value.place, "E1018", fmt::format("{} needs a number", key.text));
    return true;
  }

  FilterRule& rule_;
  Diagnostics& problems_;
};

}  // namespace

std::optional<FieldRef> read_field(const std::string& text, Place place, Diagnostics& problems) {
  FieldRef field;
  field.text = text;
  field.place = place;
  std::vector<std::string> known{"headers.NAME", "data.PATH"};
  for (const auto& [name, kind] : plain_fields()) {
    known.push_back(name);
    if (text != name) continue;
    field.kind = kind;
    return field;
  }
  if (text.starts_with("headers.") && text.size() > 8) {
    field.kind = Kind::header;
    field.header = text.substr(8);
    return field;
  }
  if (text.starts_with("data.") && text.size() > 5 && !text.ends_with('.') &&
      text.find("..") == std::string::npos) {
    field.kind = Kind::data;
    field.path = split_path(std::string_view(text).substr(5));
    return field;
  }
  problems.error(
      place, "E1018",
      fmt::format(
          "\"{}\" is not a field of an event: id, source, type, subject, key, time, content_type, "
          "headers.NAME, data or data.PATH{}",
          text, did_you_mean(text, known)));
  return std::nullopt;
}

std::vector<FilterRule> read_filter(const Node& node, Diagnostics& problems) {
  std::vector<FilterRule> rules;
  if (node.kind != Node::Kind::map) {
    problems.error(
        node.place, "E1018",
        fmt::format("a filter is a mapping of fields to conditions, here is {}", node.kind_name()));
    return rules;
  }
  for (const auto& [key, value] : node.entries) {
    auto field = read_field(key.text, key.place, problems);
    if (!field) continue;
    FilterRule rule;
    rule.field = std::move(*field);
    if (value.kind == Node::Kind::sequence)
      for (const Node& item : value.items) rule.any_of.push_back(equals(item));
    else if (value.kind == Node::Kind::map)
      ConditionReader(rule, problems).read(value);
    else
      rule.any_of.push_back(equals(value));
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace pelton::config
