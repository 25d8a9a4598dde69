// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/worker_log.h"

#include "engine/observe/log.h"

namespace pelton::runtime {
namespace {

using observe::log::Level;

// Takes the prefix off.
Level take_level(std::string_view& text) {
  if (text.size() < 3 || text[0] != '<' || text[1] < '0' || text[1] > '7' || text[2] != '>')
    return Level::info;
  const int priority = text[1] - '0';
  text.remove_prefix(3);
  if (priority <= 3) return Level::error;
  if (priority == 4) return Level::warn;
  return priority == 7 ? Level::debug : Level::info;
}

}  // namespace

void log_line(const worker::WorkerLine& line) {
  std::string_view text = line.text;
  const Level level =
      line.stream == worker::WorkerLine::Stream::engine ? Level::warn : take_level(text);
  observe::log::write(
      level, text, {{"function", line.function}, {"worker", line.worker}, {"event", line.event}});
}

}  // namespace pelton::runtime
