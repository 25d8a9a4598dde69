// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/process/output_lines.h"

#include "engine/base/utf8.h"

#include <fmt/format.h>

namespace pelton::worker {
namespace {

// "<3>" and so on says its level to the log.
std::string_view without_priority(std::string_view line) {
  const bool has = line.size() >= 3 && line[0] == '<' && line[2] == '>';
  return has ? line.substr(3) : line;
}

}  // namespace

void OutputLines::add(std::string_view bytes, std::chrono::steady_clock::time_point now) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, end);
    // Of a longer line the beginning is kept.
    if (partial_.size() < kMaxLine) partial_ += part.substr(0, kMaxLine - partial_.size());
    if (end == std::string_view::npos) return;
    emit(partial_, now);
    partial_.clear();
    bytes.remove_prefix(end + 1);
  }
}

void OutputLines::finish(std::chrono::steady_clock::time_point now) {
  if (!partial_.empty()) emit(partial_, now);
  partial_.clear();
  second_ = {};
  tell_dropped(now);
}

void OutputLines::tell_dropped(std::chrono::steady_clock::time_point now) {
  if (now - second_ < std::chrono::seconds(1)) return;
  second_ = now;
  in_second_ = 0;
  if (dropped_ > 0) line_(fmt::format("({} lines dropped)", dropped_));
  dropped_ = 0;
}

void OutputLines::emit(std::string_view line, std::chrono::steady_clock::time_point now) {
  kept_.emplace_back(without_priority(line));
  if (kept_.size() > kKept) kept_.pop_front();
  tell_dropped(now);
  if (++in_second_ > kLinesPerSecond)
    ++dropped_;
  else
    line_(line);
}

std::string OutputLines::last_lines() const {
  std::string text;
  for (const std::string& line : kept_) text += (text.empty() ? "" : "\n") + line;
  if (text.size() > kKeptBytes) text.erase(0, text.size() - kKeptBytes);
  return to_utf8(text);
}

}  // namespace pelton::worker
