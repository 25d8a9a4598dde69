// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/output.h"

#include "engine/base/utf8.h"
#include "engine/cli/json.h"
#include "engine/cli/print.h"
#include "engine/observe/log.h"

#include <boost/json/serialize.hpp>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace pelton::cli {

int exit_code(const Error& error) {
  if (error.code == "E5001" || error.code == "E5051" || error.code == "E4109") return kNotFound;
  if (error.code == "E5004") return kUsage;
  if (error.code == "E5006") return kNotReachable;
  if (error.code == "E4101" || error.code == "E5007" || error.code == "E5022" ||
      error.code == "E5023" || error.code == "E5050" || error.code == "E4110" ||
      error.code == "E5060")
    return kConflict;
  if (error.code.starts_with("E1") || error.code == "E5063") return kConfigInvalid;
  return kFailure;
}

int complain(const Error& error, ErrorFormat format) {
  std::fflush(stdout);
  if (format == ErrorFormat::json)
    note("{}\n", json::serialize(json::object{{"error",
                                               {{"code", error.code},
                                                {"kind", to_string(error.kind)},
                                                {"message", to_utf8(error.message)}}}}));
  else
    note("pelton: {}\n", observe::log::escaped(error.text()));
  return exit_code(error);
}

bool terminal(int fd) {
  return ::isatty(fd) == 1;
}
bool colours(int fd) {
  return terminal(fd) && std::getenv("NO_COLOR") == nullptr;
}

namespace {

// Characters, not bytes.
std::size_t length_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

std::string painted(Paint paint, const std::string& text) {
  if (!colours(STDOUT_FILENO)) return text;
  return (paint == Paint::heading ? "\x1b[1m" : "\x1b[31m") + text + "\x1b[0m";
}

std::string shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  return std::string(text.substr(0, most)) + "...";
}

std::string indented(const std::string& prefix, std::string_view text) {
  std::string out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    out += prefix + observe::log::escaped(text.substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  return out;
}

std::string Table::text() const {
  std::vector<std::size_t> width(rows_.front().size());
  std::vector<std::vector<std::string>> rows = rows_;
  for (auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = observe::log::escaped(row[i]);
      width[i] = std::max(width[i], length_of(row[i]));
    }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += i + 1 == row.size() ? row[i]
                                  : row[i] + std::string(width[i] - length_of(row[i]) + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    out += (&row == &rows.front() ? painted(Paint::heading, line) : line) + "\n";
  }
  return out;
}

ProgressBar::ProgressBar(std::string what, std::uint64_t total)
    : what_(std::move(what)), total_(total), shown_(terminal(STDERR_FILENO) && total > 0) {
  if (shown_) draw();
}

ProgressBar::~ProgressBar() {
  if (shown_) note("\n");
}

void ProgressBar::advance(std::uint64_t by) {
  const std::uint64_t before = 1000 * done_ / std::max<std::uint64_t>(total_, 1);
  done_ += by;
  // Not more often than it moves.
  if (shown_ && (1000 * done_ / total_ != before || done_ >= total_)) draw();
}

void ProgressBar::draw() const {
  const std::size_t filled = std::min<std::size_t>(30, 30 * done_ / total_);
  note("\r{} [{}{}] {}/{}", what_, std::string(filled, '#'), std::string(30 - filled, ' '),
       grouped(done_), grouped(total_));
}

bool confirm(const std::string& question) {
  if (!terminal(STDIN_FILENO)) return false;
  note("{} [y/N] ", question);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  const char* unit = "KiB";
  for (const char* larger : {"MiB", "GiB", "TiB"}) {
    if (value < 1024) break;
    value /= 1024;
    unit = larger;
  }
  return fmt::format("{:.1f} {}", value, unit);
}

std::string rate_text(double per_second) {
  if (per_second >= 100) return grouped(static_cast<std::uint64_t>(per_second)) + "/s";
  return fmt::format("{:.1f}/s", per_second);
}

std::string age_text(double seconds) {
  const auto s = static_cast<std::uint64_t>(seconds);
  if (s >= 86'400) return fmt::format("{}d{}h", s / 86'400, s % 86'400 / 3600);
  if (s >= 3600) return fmt::format("{}h{}m", s / 3600, s % 3600 / 60);
  if (s >= 60) return fmt::format("{}m{}s", s / 60, s % 60);
  return fmt::format("{:.1f}s", seconds);
}

}  // namespace pelton::cli
