// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

// What is heard of a function's workers beside the outcomes of events.
namespace pelton::worker {

// One line that a worker wrote, or a thing that happened to it.
struct WorkerLine {
  std::string_view function;
  std::string_view worker;
  enum class Stream { out, err, engine } stream = Stream::out;
  std::string_view text;   // one line without its end, bounded, control characters as they came
  std::string_view event;  // "<stream>/<partition>/<offset>" at hand, or empty
  std::string_view invocation{};  // the id by which the function knows the call, or empty
  FrameId frame{};                // at hand; 0: none, or unknown
};
using LineListener = std::function<void(const WorkerLine&)>;

// A line that begins with a priority as systemd has it ("<3>" and so on): the priority, 0 to 7,
// and the rest; others have 6 (informational).
struct LeveledText {
  int priority = 6;
  std::string_view text;
};
LeveledText split_priority(std::string_view line);
// The name of the log level that a priority has: error, warn, info, debug.
std::string_view level_name(int priority);

// Value. What one invocation used.
struct InvocationReport {
  std::string function;
  std::string worker;
  std::string event;       // as in WorkerLine
  std::string invocation;  // the id by which the function knows it, or empty
  FrameId frame{};
  std::chrono::nanoseconds duration{};
  // How long its worker took to become ready; of a worker's first invocation.
  std::optional<std::chrono::nanoseconds> init;
  std::optional<std::uint64_t> memory_limit;  // bytes
  std::uint64_t peak_memory = 0;              // bytes of its worker so far, looked at every second
  std::string status;                         // empty: done; error, timeout, crash
  std::string error_type;
};
using ReportListener = std::function<void(const InvocationReport&)>;

// Milliseconds, each that has begun.
std::uint64_t billed_ms(std::chrono::nanoseconds duration);
// As AWS Lambda's log has it: "REPORT RequestId: ...\tDuration: 15.74 ms\tBilled Duration: 16 ms"
// and so on.
std::string report_line(const InvocationReport& report);

}  // namespace pelton::worker
