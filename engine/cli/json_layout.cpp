// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/json_layout.h"

#include <boost/json/serialize.hpp>

namespace pelton::cli {
namespace {

namespace json = boost::json;

void lay_out(const json::value& value, const std::string& indent, std::string& out);

void add_line(std::string& out, const std::string& indent, bool first) {
  out += first ? "\n" : ",\n";
  out += indent;
}

void lay_out(const json::value& value, const std::string& indent, std::string& out) {
  const std::string deeper = indent + "  ";
  bool first = true;
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += '{';
    for (const auto& [name, member] : *object) {
      add_line(out, deeper, std::exchange(first, false));
      out += json::serialize(json::string(name)) + ": ";
      lay_out(member, deeper, out);
    }
    out += "\n" + indent + "}";
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    out += '[';
    for (const json::value& element : *array) {
      add_line(out, deeper, std::exchange(first, false));
      lay_out(element, deeper, out);
    }
    out += "\n" + indent + "]";
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string laid_out(const json::value& value) {
  std::string out;
  lay_out(value, "", out);
  return out;
}

}  // namespace pelton::cli
