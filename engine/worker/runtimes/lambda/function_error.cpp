// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/function_error.h"

#include "engine/base/utf8.h"

#include <simdjson.h>

namespace pelton::worker::lambda {
namespace {

namespace dom = simdjson::dom;

std::string text_of(const dom::object& object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) ? std::string() : std::string(text);
}

// A frame is a line; Java and .NET write objects.
void add_lines(const dom::object& object, std::string_view name, std::string& stack) {
  dom::array lines;
  if (object[name].get(lines)) return;
  for (const dom::element line : lines) {
    std::string_view text;
    std::string shown = line.get(text) ? std::string(simdjson::minify(line)) : std::string(text);
    while (shown.ends_with('\n')) shown.pop_back();
    stack += shown + "\n";
  }
}

}  // namespace

FunctionError read_error(std::string_view json, std::string_view type) {
  FunctionError error{std::string(type), {}, {}};
  dom::parser parser;
  dom::object object;
  if (parser.parse(json.data(), json.size()).get(object)) {
    error.message = to_utf8(json);
  } else {
    if (std::string own = text_of(object, "errorType"); !own.empty()) error.type = std::move(own);
    error.message = text_of(object, "errorMessage");
    add_lines(object, "stackTrace", error.stack);
    if (error.stack.empty()) add_lines(object, "trace", error.stack);
  }
  if (error.type.empty()) error.type = "Error";
  return error;
}

}  // namespace pelton::worker::lambda
