// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace pelton::cli {

// Value. Attributes of an event that the command line gives.
struct EventAttributes {
  std::optional<std::string> key{};
  std::string type{};
  std::string subject{};
  std::string content_type{};
  std::vector<std::string> headers{};  // NAME=VALUE
  bool empty() const {
    return !key && type.empty() && subject.empty() && content_type.empty() && headers.empty();
  }
};
// --header of a command, "for every event".
CLI::Option* add_header_option(CLI::App& command, EventAttributes& attributes,
                               const std::string& what);
// "NAME=VALUE". E5004: it is not that.
Result<std::pair<std::string, std::string>> split_header(const std::string& header);
// As members of an event in NDJSON. E5004: a header is not NAME=VALUE.
Result<boost::json::object> members_of(const EventAttributes& attributes);
// A line of NDJSON, without its end.
std::string event_text(std::string_view data, boost::json::object members);

// Value. The one event of a command: a file, or data and attributes.
struct EventInput {
  std::string file{};  // "-": standard input
  std::optional<std::string> data{};
  EventAttributes attributes{};
};
// --event, or --payload, --key and so on.
void add_event_input(CLI::App& command, EventInput& input);

// What the admin API takes as the body of a call.
struct InvokeBody {
  std::string text;
  bool is_event = false;  // an event in any case; else it depends on the function what it is
};
// E5020: a file cannot be read. E5004: see members_of().
Result<InvokeBody> read_event(const EventInput& input);

}  // namespace pelton::cli
