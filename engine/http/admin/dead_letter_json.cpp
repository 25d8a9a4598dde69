// SPDX-License-Identifier: Apache-2.0
#include "engine/http/admin/dead_letter_json.h"

#include "engine/base/units.h"
#include "engine/base/utf8.h"
#include "engine/http/ndjson.h"
#include "engine/model/dead_letter_text.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace pelton::http {

std::string letter_line(const model::DeadLetter& letter) {
  boost::json::array history;
  std::string error;
  for (const model::Attempt& attempt : letter.retry.history) {
    history.push_back({{"number", attempt.number},
                       {"time", format_time(attempt.time)},
                       {"cause", attempt.cause},
                       {"type", to_utf8(attempt.type)},
                       {"message", to_utf8(attempt.message)},
                       {"stack", to_utf8(attempt.stack)},
                       {"worker", attempt.worker}});
    error = attempt.type.empty() ? attempt.message : attempt.type + ": " + attempt.message;
  }
  const boost::json::object object{{"id", model::dead_letter_text(letter.binding, letter.id)},
                                   {"binding", letter.binding},
                                   {"stream", letter.stream},
                                   {"partition", letter.id.partition.value},
                                   {"offset", letter.id.offset},
                                   {"function", letter.function},
                                   {"time", format_time(letter.time)},
                                   {"reason", letter.reason},
                                   {"attempts", letter.retry.attempts},
                                   {"replays", letter.replays},
                                   {"idempotency_key", to_utf8(letter.idempotency_key)},
                                   {"error", to_utf8(error)},
                                   {"history", history}};
  std::string line = boost::json::serialize(object);
  std::string event = event_line(
      letter.stream, {{StreamId{}, letter.id.partition}, letter.id.offset, letter.event}, 0);
  event.pop_back();
  line.pop_back();
  return line + ",\"event\":" + event + "}\n";
}

std::string brief_letter_line(const model::DeadLetter& letter) {
  const boost::json::object object{{"id", model::dead_letter_text(letter.binding, letter.id)},
                                   {"replays", letter.replays}};
  return boost::json::serialize(object) + "\n";
}

std::string brief_letters(const std::vector<dead_letters::Brief>& letters) {
  boost::json::array all;
  for (const dead_letters::Brief& letter : letters)
    all.push_back({{"id", letter.id}, {"replays", letter.replays}});
  return boost::json::serialize(boost::json::object{{"letters", std::move(all)}}) + "\n";
}

}  // namespace pelton::http
