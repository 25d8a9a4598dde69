// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/units.h"
#include "engine/config/spec/option_spec.h"
#include "engine/config/yaml/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// What fields.h makes of the types of members: the types of their options, and their texts.
namespace pelton::config::fields_detail {

template <typename T>
struct Optional : std::false_type {
  using Value = T;
};
template <typename T>
struct Optional<std::optional<T>> : std::true_type {
  using Value = T;
};

template <typename T>
constexpr OptionType type_of() {
  if constexpr (std::is_same_v<T, bool>) return OptionType::boolean;
  if constexpr (std::is_same_v<T, std::uint32_t>) return OptionType::number;
  if constexpr (std::is_same_v<T, double>) return OptionType::real;
  if constexpr (std::is_same_v<T, std::uint64_t>) return OptionType::size;
  if constexpr (std::is_same_v<T, Duration>) return OptionType::duration;
  if constexpr (std::is_same_v<T, std::filesystem::path>) return OptionType::path;
  if constexpr (std::is_same_v<T, std::vector<std::string>>) return OptionType::text_list;
  return OptionType::text;
}

inline std::string shown(bool value) {
  return value ? "true" : "false";
}
inline std::string shown(std::uint32_t value) {
  return fmt::format("{}", value);
}
inline std::string shown(double value) {
  return fmt::format("{}", value);
}
inline std::string shown(std::uint64_t value) {
  return format_size(value);
}
inline std::string shown(Duration value) {
  return value == Duration{} ? "0s" : format_duration(value);
}
inline std::string shown(const std::string& value) {
  return value;
}
inline std::string shown(const std::filesystem::path& value) {
  return value.string();
}
inline std::string shown(const std::vector<std::string>& value) {
  return fmt::format("{}", joined(value));
}

// The member's text; nothing when it is not set.
template <typename T, typename Show>
std::optional<std::string> set_text(const T& member, const Show& show) {
  std::string text;
  if constexpr (Optional<T>::value)
    text = member ? show(*member) : "";
  else
    text = show(member);
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

// The type in which the reader keeps a value that becomes a T.
template <typename T>
using Read = std::conditional_t<std::is_same_v<T, std::uint32_t>, std::int64_t, T>;

// The entries of listed and named sections, by what they are called in paths.
template <typename T>
T& added(std::vector<T>& all, const std::string&) {
  return all.emplace_back();
}
template <typename T>
T& added(std::map<std::string, T>& all, const std::string& name) {
  return all[name];
}
template <typename T>
std::vector<std::pair<std::string, const T*>> entries_of(const std::vector<T>* all) {
  std::vector<std::pair<std::string, const T*>> out;
  if (all == nullptr) return out;
  for (const T& one : *all) out.emplace_back(fmt::format("{}", out.size()), &one);
  return out;
}
template <typename T>
std::vector<std::pair<std::string, const T*>> entries_of(const std::map<std::string, T>* all) {
  std::vector<std::pair<std::string, const T*>> out;
  if (all == nullptr) return out;
  for (const auto& [name, one] : *all) out.emplace_back(name, &one);
  return out;
}

// Calls visit(entry, before, after) for what either version has; null: it does not have the entry.
template <typename T, typename Entries, typename Visit>
void each_pair(const Entries* before, const Entries* after, Visit visit) {
  using Known = std::pair<std::string, const T*>;
  const std::vector<Known> old = entries_of(before);
  const std::vector<Known> now = entries_of(after);
  const auto find = [](const std::vector<Known>& all, const std::string& entry) {
    const auto at = std::ranges::find(all, entry, &Known::first);
    return at == all.end() ? nullptr : at->second;
  };
  for (const auto& [entry, part] : old) visit(entry, part, find(now, entry));
  for (const auto& [entry, part] : now)
    if (find(old, entry) == nullptr) visit(entry, static_cast<const T*>(nullptr), part);
}

}  // namespace pelton::config::fields_detail
