// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

// The engine's log on standard error. Thread-safe. Levels: info: an operator's own action took
// effect, or a worker's own line; warn: something went wrong and the engine recovered; error: a
// hand is needed. Warnings and errors that repeat (same message, same first field) are limited to
// ten within ten seconds; a line then says how many were left out.
namespace pelton::observe::log {

enum class Level { debug, info, warn, error };
enum class Format { pretty, json };

// One name and value beside the message.
struct Field {
  std::string_view name;
  std::string value;
  bool number = false;  // written without quotes in JSON

  Field(std::string_view field, std::string_view text) : name(field), value(text) {}
  Field(std::string_view field, const char* text) : name(field), value(text) {}
  Field(std::string_view field, const std::string& text) : name(field), value(text) {}
  template <typename Number>
  requires std::is_arithmetic_v<Number> Field(std::string_view field, Number n)
      : name(field), value(fmt::format("{}", n)), number(std::isfinite(static_cast<double>(n))) {}
};
using Fields = std::initializer_list<Field>;

// Any thread, for the lines from then on; the defaults are info and pretty.
void configure(Level least, Format format, bool colours);

// While one lives, lines are written by a thread of its own and a reader of standard error that is
// slow or stuck blocks nobody: up to 4 MiB wait, then lines are dropped and counted. At most one at
// a time; its end waits a second for lines to be written.
class Background {
 public:
  Background();
  ~Background();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Writes what waits, for at most that long, for a process that ends without its destructors. Lines
// that come later are dropped.
void finish(std::chrono::milliseconds patience);

void write(Level level, std::string_view message, Fields fields);
inline void debug(std::string_view message, Fields fields = {}) {
  write(Level::debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  write(Level::info, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) {
  write(Level::warn, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  write(Level::error, message, fields);
}

// One line as it is written, without its end. For tests.
std::string render(Format format, bool colours, std::string_view time, Level level,
                   std::string_view message, Fields fields);

// Control characters (escape sequences, line ends, C1) as \xNN or \n, bytes that are not UTF-8 as
// U+FFFD: what a worker or an event says cannot steer a terminal or forge a line.
std::string escaped(std::string_view text);

}  // namespace pelton::observe::log
