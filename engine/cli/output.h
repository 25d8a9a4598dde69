// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace pelton::cli {

// How the process ends.
enum Exit : int {
  kOk = 0,
  kFailure = 1,
  kUsage = 2,
  kConfigInvalid = 3,
  kNotReachable = 4,
  kNotFound = 5,
  kConflict = 6,
  kChanges = 7,  // plan --exit-code
};
int exit_code(const Error& error);

// Prints "pelton: <error>" to standard error, or {"error":{"code","kind","message"}} as the admin
// API does, and answers its exit code.
enum class ErrorFormat { text, json };
int complain(const Error& error, ErrorFormat format);

// True when the stream is a terminal and NO_COLOR is not set.
bool colours(int fd);
bool terminal(int fd);

// Bold for headings, red for what needs the operator; as it is where standard output has no
// colours.
enum class Paint { heading, alarm };
std::string painted(Paint paint, const std::string& text);

// At most so many bytes, cut between characters, with "..." where something was cut off.
std::string shortened(std::string_view text, std::size_t most);

// Each line behind the prefix, control characters escaped.
std::string indented(const std::string& prefix, std::string_view text);

// Rows under a heading, columns aligned; control characters escaped.
class Table {
 public:
  explicit Table(std::vector<std::string> heading) { rows_.push_back(std::move(heading)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// A bar on standard error while it is a terminal; nothing elsewhere.
class ProgressBar {
 public:
  ProgressBar(std::string what, std::uint64_t total);
  ~ProgressBar();
  void advance(std::uint64_t by);

 private:
  void draw() const;
  const std::string what_;
  const std::uint64_t total_;
  std::uint64_t done_ = 0;
  const bool shown_;
};

// Asks on the terminal; false without one.
bool confirm(const std::string& question);

// 12345 as "12,345"; 1536 bytes as "1.5 KiB"; 93.4 as "93.4/s"; 4000 s as "1h6m".
std::string grouped(std::uint64_t number);
std::string size_text(std::uint64_t bytes);
std::string rate_text(double per_second);
std::string age_text(double seconds);

}  // namespace pelton::cli
