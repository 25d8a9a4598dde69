// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/worker_log.h"

#include "engine/observe/log.h"

namespace pelton::runtime {
namespace {

using observe::log::Level;

Level level_of(int priority) {
  if (priority <= 3) return Level::error;
  if (priority == 4) return Level::warn;
  return priority == 7 ? Level::debug : Level::info;
}

}  // namespace

void log_line(const worker::WorkerLine& line, observe::FunctionLog& kept) {
  const bool own = line.stream != worker::WorkerLine::Stream::engine;
  const worker::LeveledText said =
      own ? worker::split_priority(line.text) : worker::LeveledText{4, line.text};
  observe::log::write(
      level_of(said.priority), said.text,
      {{"function", line.function}, {"worker", line.worker}, {"event", line.event}});
  kept.write({line.function, worker::level_name(said.priority), said.text, line.worker, line.event,
              line.invocation},
             SystemClock{}.now());
}

void log_report(const worker::InvocationReport& report, observe::FunctionLog& kept) {
  kept.write({report.function, "report", worker::report_line(report), report.worker, report.event,
              report.invocation},
             SystemClock{}.now());
}

}  // namespace pelton::runtime
