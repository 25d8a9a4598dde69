// SPDX-License-Identifier: Apache-2.0
#include "engine/import/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace pelton::importer {

const Node* Reader::find(const Node& map, std::string_view key) {
  const Node* node = map.find(key);
  if (node == nullptr) return nullptr;
  const Node* value = node->tag.empty() ? variables.value(*node) : node;
  return value == nullptr || value->kind == Node::Kind::null ? nullptr : value;
}

const Node* Reader::map(const Node& map, std::string_view key) {
  const Node* value = find(map, key);
  if (value == nullptr || value->kind == Node::Kind::map) return value;
  problems.error(value->place, "E1007",
                 fmt::format("{} must be a mapping, not {}", key, value->kind_name()));
  return nullptr;
}

std::optional<std::string> Reader::text(const Node& map, std::string_view key) {
  const Node* value = find(map, key);
  return value == nullptr ? std::nullopt : resources.text(*value);
}

std::optional<std::uint64_t> Reader::number(const Node& map, std::string_view key,
                                            std::uint64_t least, std::uint64_t most) {
  const auto digits = text(map, key);
  if (!digits) return std::nullopt;
  std::uint64_t value = 0;
  const char* const end = digits->data() + digits->size();
  const auto [at, error] = std::from_chars(digits->data(), end, value);
  if (error == std::errc{} && at == end && value >= least && value <= most) return value;
  problems.error(
      place(map, key), "E1008",
      fmt::format("{}: \"{}\" is not a whole number from {} to {}", key, *digits, least, most));
  return std::nullopt;
}

bool Reader::truth(const Node& map, std::string_view key, bool absent) {
  const auto word = text(map, key);
  if (!word) return absent;
  if (*word == "true" || *word == "false") return *word == "true";
  problems.error(place(map, key), "E1008",
                 fmt::format("{}: \"{}\" is neither true nor false", key, *word));
  return absent;
}

std::vector<std::string> Reader::texts(const Node& map, std::string_view key) {
  const Node* value = find(map, key);
  std::vector<std::string> all;
  if (value == nullptr) return all;
  if (value->kind != Node::Kind::sequence) {
    if (auto one = resources.text(*value)) all.push_back(std::move(*one));
    return all;
  }
  for (const Node& item : value->items)
    if (auto one = resources.text(item)) all.push_back(std::move(*one));
  return all;
}

Place Reader::place(const Node& map, std::string_view key) {
  const Node* node = map.find(key);
  return node == nullptr ? map.place : node->place;
}

void Reader::check_keys(const Node& map, const KnownKeys& known) {
  for (const auto& [key, value] : map.entries) {
    const KnownKeys::Meaning meaning = known.meaning(key.text);
    if (meaning == KnownKeys::Meaning::ignored)
      ignored(key.place, fmt::format("`{}` of {}", key.text, known.where),
              "is not available here and is ignored");
    if (meaning != KnownKeys::Meaning::unknown) continue;
    problems.error(key.place, "E1005",
                   fmt::format("unknown key \"{}\" in {}{}", key.text, known.where,
                               config::did_you_mean(key.text, known.names())));
  }
}

void Reader::ignored(Place place, const std::string& what, std::string_view why) {
  once(place, "E1107", fmt::format("{} {}", what, why));
}

void Reader::once(Place place, const char* code, const std::string& message) {
  if (told_.insert(message).second) problems.warning(place, code, message);
}

}  // namespace pelton::importer
