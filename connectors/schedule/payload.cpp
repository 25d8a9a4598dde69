// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/payload.h"

#include "engine/base/hash.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

namespace pelton::schedule {
namespace {

namespace json = boost::json;
using config::Node;
using config::ReadContext;

std::optional<json::value> convert(const Node& node, ReadContext& context);

// A number that JSON cannot have, or that a double would change without a word.
bool unfaithful(const std::string& text, const json::value& parsed) {
  if (!parsed.is_double()) return false;
  const bool whole = text.find_first_not_of("-0123456789") == std::string::npos;
  return whole || !std::isfinite(parsed.get_double());
}

// YAML's words for what is no number in JSON.
bool special_number(std::string text) {
  if (text.starts_with('-') || text.starts_with('+')) text.erase(0, 1);
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text == ".inf" || text == ".nan";
}

std::optional<json::value> scalar(const Node& node, const std::string& text, ReadContext& context) {
  if (node.quoted) return json::value(text);
  if (text.empty() || text == "~") return nullptr;
  boost::system::error_code not_json;
  json::value parsed = json::parse(text, not_json);
  if (special_number(text) || (!not_json && unfaithful(text, parsed))) {
    context.problems.error(
        node.place, "E1009",
        fmt::format("data: JSON has no such number as {}; in quotes it is a text", text));
    return std::nullopt;
  }
  const bool plain = !not_json && (parsed.is_number() || parsed.is_bool() || parsed.is_null());
  return plain ? parsed : json::value(text);
}

std::optional<json::value> sequence(const Node& node, ReadContext& context) {
  json::array out;
  for (const Node& item : node.items) {
    auto value = convert(item, context);
    if (!value) return std::nullopt;
    out.push_back(std::move(*value));
  }
  return out;
}

std::optional<json::value> mapping(const Node& node, ReadContext& context) {
  json::object out;
  for (const auto& [key, item] : node.entries) {
    auto value = convert(item, context);
    if (!value) return std::nullopt;
    out[key.text] = std::move(*value);
  }
  return out;
}

// The depth of a tree is bounded by its parser (config::kMaxDepth).
std::optional<json::value> convert(const Node& node, ReadContext& context) {
  switch (node.kind) {
    case Node::Kind::null:
      return json::value(nullptr);
    case Node::Kind::sequence:
      return sequence(node, context);
    case Node::Kind::map:
      return mapping(node, context);
    case Node::Kind::scalar:
      break;
  }
  const auto text = config::expand(node, context);
  return text ? scalar(node, *text, context) : std::nullopt;
}

}  // namespace

std::optional<std::string> to_json(const Node& node, ReadContext& context) {
  auto value = convert(node, context);
  if (!value) return std::nullopt;
  if (value->is_string()) {
    boost::system::error_code not_json;
    json::value inner = json::parse(value->get_string(), not_json);
    if (!not_json && inner.is_structured()) value = std::move(inner);
  }
  return json::serialize(*value);
}

std::string eventbridge_document(const std::string& rule, const std::string& event_id,
                                 const std::string& time) {
  const std::string digits =
      fmt::format("{:016x}{:016x}", hash64(event_id), hash64("2" + event_id));
  const std::string id = fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4),
                                     digits.substr(12, 4), digits.substr(16, 4), digits.substr(20));
  return json::serialize(
      json::object{{"version", "0"},
                   {"id", id},
                   {"detail-type", "Scheduled Event"},
                   {"source", "aws.events"},
                   {"account", "000000000000"},
                   {"time", time},
                   {"region", "us-east-1"},
                   {"resources", {"arn:aws:events:us-east-1:000000000000:rule/" + rule}},
                   {"detail", json::object{}}});
}

}  // namespace pelton::schedule
