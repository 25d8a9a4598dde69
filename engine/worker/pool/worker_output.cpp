// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/worker_output.h"

#include <fmt/format.h>

namespace pelton::worker {
namespace {

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// AWS's MB have 1024 * 1024 bytes; one that has begun counts.
std::uint64_t megabytes(std::uint64_t bytes) {
  return (bytes + (1U << 20) - 1) >> 20;
}

}  // namespace

LeveledText split_priority(std::string_view line) {
  if (line.size() < 3 || line[0] != '<' || line[1] < '0' || line[1] > '7' || line[2] != '>')
    return {6, line};
  return {line[1] - '0', line.substr(3)};
}

std::string_view level_name(int priority) {
  if (priority <= 3) return "error";
  if (priority == 4) return "warn";
  return priority == 7 ? "debug" : "info";
}

std::uint64_t billed_ms(std::chrono::nanoseconds duration) {
  return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

std::string report_line(const InvocationReport& report) {
  std::string line =
      fmt::format("REPORT RequestId: {}\tDuration: {:.2f} ms\tBilled Duration: {} ms",
                  report.invocation, milliseconds(report.duration), billed_ms(report.duration));
  if (report.memory_limit) line += fmt::format("\tMemory Size: {} MB", *report.memory_limit >> 20);
  line += fmt::format("\tMax Memory Used: {} MB", megabytes(report.peak_memory));
  if (report.init) line += fmt::format("\tInit Duration: {:.2f} ms", milliseconds(*report.init));
  if (!report.status.empty()) line += "\tStatus: " + report.status;
  if (!report.error_type.empty()) line += "\tError Type: " + report.error_type;
  return line;
}

}  // namespace pelton::worker
