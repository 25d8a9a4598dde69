// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <cstddef>
#include <string>

namespace pelton::cli {

// Lines of a descriptor, read in large pieces; knows whether the next one would be waited for. A
// line is at most kMaxLine long. Does not own the descriptor.
class LineReader {
 public:
  static constexpr std::size_t kMaxLine = 64U << 20;

  explicit LineReader(int fd) : fd_(fd) {}
  // The next line without its end; waits for it. False at the end, or for an error.
  bool next(std::string& line);
  // True: a whole line, the end, or bytes to be read are there.
  bool ready();
  // E5020: reading failed, or a line is too long.
  const Status& status() const { return status_; }

 private:
  bool fill();

  const int fd_;
  std::string buffer_;
  std::size_t begin_ = 0;    // of what is not yet given out
  std::size_t scanned_ = 0;  // no line ends before here
  bool ended_ = false;
  Status status_;
};

}  // namespace pelton::cli
