// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/unique_fd.h"
#include "engine/observe/function_log.h"

#include <functional>
#include <string>
#include <string_view>

namespace pelton::cli {

// Reads the lines of a function's log from the files, older ones first, while an engine may write
// and replace them.
class LogReader {
 public:
  explicit LogReader(observe::FunctionLogFiles files) : files_(std::move(files)) {}
  // False: there is no log.
  bool open();
  // Gives all whole lines that are there and were not given before, without their ends.
  void read(const std::function<void(std::string_view)>& visit);

 private:
  void read_file(int fd, const std::function<void(std::string_view)>& visit);
  bool replaced() const;

  const observe::FunctionLogFiles files_;
  UniqueFd older_, newest_;
  std::string begun_;  // a line whose end is not there yet
};

}  // namespace pelton::cli
