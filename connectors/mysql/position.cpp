// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/position.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace pelton::mysql {
namespace {

namespace json = boost::json;

// By the index of Reached.
constexpr std::array<const char*, 3> kForms{"mariadb", "mysql", "file"};

std::string_view view(const json::string& text) {
  return {text.data(), text.size()};
}

SnapshotPosition read_snapshot(const json::object& object) {
  SnapshotPosition out{
      std::string(object.at("table").as_string()), object.at("finished").as_bool(), {}};
  for (const json::value& text : object.at("key").as_array())
    out.key.emplace_back(text.as_string());
  return out;
}

std::optional<Reached> read_reached(const json::object& object) {
  const std::string_view form = view(object.at("form").as_string());
  if (form == kForms[2])
    return LogPlace{std::string(object.at("file").as_string()),
                    object.at("offset").to_number<std::uint64_t>()};
  const std::string_view gtids = view(object.at("gtids").as_string());
  if (form == kForms[0])
    if (auto set = MariaGtidSet::parse(gtids)) return std::move(*set);
  if (form == kForms[1])
    if (auto set = MysqlGtidSet::parse(gtids)) return std::move(*set);
  return std::nullopt;
}

LogFile read_file(const json::object& object) {
  return {object.at("server").to_number<std::uint32_t>(),
          std::string(object.at("name").as_string()),
          object.at("created").to_number<std::uint32_t>()};
}

// "binlog" and 42 of "binlog.000042".
std::pair<std::string_view, std::uint64_t> split_name(std::string_view name) {
  const std::size_t dot = std::min(name.rfind('.'), name.size());
  std::uint64_t number = 0;
  const std::string_view digits = name.substr(std::min(dot + 1, name.size()));
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return {name.substr(0, dot), number};
}

std::optional<Position> read_position(const json::object& object) {
  Position out;
  out.history = object.at("history").as_string();
  auto reached = read_reached(object);
  if (!reached) return std::nullopt;
  out.reached = std::move(*reached);
  out.transaction = object.at("transaction").as_string();
  out.events = object.at("events").to_number<std::uint64_t>();
  if (const json::value* file = object.if_contains("log")) out.file = read_file(file->as_object());
  if (const json::value* snapshot = object.if_contains("snapshot"))
    out.snapshot = read_snapshot(snapshot->as_object());
  return out;
}

}  // namespace

std::string text_of(const LogPlace& place) {
  return fmt::format("{}:{}", place.file, place.offset);
}

std::string text_of(const Reached& reached) {
  if (const auto* maria = std::get_if<MariaGtidSet>(&reached)) return maria->text();
  if (const auto* mysql = std::get_if<MysqlGtidSet>(&reached)) return mysql->text();
  return text_of(std::get<LogPlace>(reached));
}

// An earlier file of the same log is older, and may be read again; files of another name are no
// part of it.
bool starts_over(const LogFile& before, const LogFile& now) {
  const auto [old_base, old_number] = split_name(before.name);
  const auto [base, number] = split_name(now.name);
  if (before.server != now.server || old_base != base) return false;
  if (number == old_number) return now.created_s != before.created_s;
  return number < old_number && now.created_s > before.created_s;
}

std::string encode(const Position& position) {
  json::object out{{"history", position.history}, {"form", kForms[position.reached.index()]}};
  if (const auto* place = std::get_if<LogPlace>(&position.reached)) {
    out["file"] = place->file;
    out["offset"] = place->offset;
  } else {
    out["gtids"] = text_of(position.reached);
  }
  out["transaction"] = position.transaction;
  out["events"] = position.events;
  if (position.file)
    out["log"] = json::object{{"server", position.file->server},
                              {"name", position.file->name},
                              {"created", position.file->created_s}};
  if (position.snapshot) {
    json::array key;
    for (const std::string& text : position.snapshot->key) key.emplace_back(text);
    out["snapshot"] = json::object{{"table", position.snapshot->table},
                                   {"finished", position.snapshot->finished},
                                   {"key", std::move(key)}};
  }
  return json::serialize(out);
}

std::optional<Position> decode_position(std::string_view text) {
  try {
    return read_position(json::parse(text).as_object());
  } catch (const std::exception&) {  // of the library: not JSON, or not of this shape
    return std::nullopt;
  }
}

}  // namespace pelton::mysql
