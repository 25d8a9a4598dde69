// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/position_text.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace pelton::schedule {
namespace {

namespace json = boost::json;

std::int64_t number(Slot slot) {
  return slot.time_since_epoch().count();
}

Slot slot_of(const json::value& value) {
  return Slot{std::chrono::seconds{value.as_int64()}};
}

StoredPosition read(const json::object& object) {
  StoredPosition stored;
  stored.identity = object.at("schedule").as_string();
  stored.position.cursor = slot_of(object.at("cursor"));
  for (const json::value& run : object.at("decided").as_array())
    stored.position.decided.push_back({slot_of(run.at(0)), slot_of(run.at(1))});
  for (const json::value& slot : object.at("pending").as_array())
    stored.position.pending.push_back(slot_of(slot));
  return stored;
}

}  // namespace

std::string encode(const StoredPosition& stored) {
  json::array decided, pending;
  for (const SlotProgress::Run& run : stored.position.decided)
    decided.push_back({number(run.first), number(run.last)});
  for (const Slot slot : stored.position.pending) pending.push_back(number(slot));
  return json::serialize(json::object{{"schedule", stored.identity},
                                      {"cursor", number(stored.position.cursor)},
                                      {"decided", std::move(decided)},
                                      {"pending", std::move(pending)}});
}

std::optional<StoredPosition> decode_position(std::string_view text) {
  try {
    return read(json::parse(text).as_object());
  } catch (const std::exception&) {  // of the library: not JSON, or not of this shape
    return std::nullopt;
  }
}

}  // namespace pelton::schedule
