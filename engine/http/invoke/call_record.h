// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/worker_output.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace pelton::http {

// What one call's worker wrote for it, and used. Of more than kMost bytes of lines the last are
// kept.
class CallRecord {
 public:
  static constexpr std::size_t kMost = 1U << 20;
  struct Line {
    int priority = 6;  // as systemd has it
    std::string text;  // as it was written
  };

  void wrote(const worker::WorkerLine& line);

  std::deque<Line> lines;
  std::uint64_t dropped = 0;  // lines before these
  std::optional<worker::InvocationReport> report;
  // The stream that each of its outputs names; an empty text: none.
  std::vector<std::string> output_streams;

 private:
  std::size_t bytes_ = 0;
};

}  // namespace pelton::http
