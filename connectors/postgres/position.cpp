// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/position.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace pelton::postgres {
namespace {

namespace json = boost::json;

json::array array_of(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

std::vector<std::string> texts_of(const json::value& array) {
  std::vector<std::string> out;
  for (const json::value& text : array.as_array()) out.emplace_back(text.as_string());
  return out;
}

SnapshotPosition read_snapshot(const json::object& object) {
  return {std::string(object.at("table").as_string()), object.at("finished").as_bool(),
          texts_of(object.at("key"))};
}

std::optional<Position> read(const json::object& object) {
  Position out;
  out.system = object.at("system").as_string();
  out.timeline = object.at("timeline").to_number<std::uint32_t>();
  out.events = object.at("events").to_number<std::uint64_t>();
  const json::string& lsn_in_text = object.at("lsn").as_string();
  const auto lsn = parse_lsn({lsn_in_text.data(), lsn_in_text.size()});
  if (!lsn) return std::nullopt;
  out.lsn = *lsn;
  if (const json::value* snapshot = object.if_contains("snapshot"))
    out.snapshot = read_snapshot(snapshot->as_object());
  return out;
}

}  // namespace

std::string encode(const Position& position) {
  json::object out{{"system", position.system},
                   {"timeline", position.timeline},
                   {"lsn", lsn_text(position.lsn)},
                   {"events", position.events}};
  if (position.snapshot)
    out["snapshot"] = json::object{{"table", position.snapshot->table},
                                   {"finished", position.snapshot->finished},
                                   {"key", array_of(position.snapshot->key)}};
  return json::serialize(out);
}

std::optional<Position> decode_position(std::string_view text) {
  try {
    return read(json::parse(text).as_object());
  } catch (const std::exception&) {  // of the library: not JSON, or not of this shape
    return std::nullopt;
  }
}

}  // namespace pelton::postgres
