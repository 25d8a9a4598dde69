// SPDX-License-Identifier: Apache-2.0
#include "engine/observe/line_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pelton::observe {
namespace {

// A pipe that poll() calls writable takes so much without blocking (POSIX: PIPE_BUF), and at once.
constexpr std::size_t kPipePiece = 4096;
constexpr std::chrono::seconds kLookEvery{1};
constexpr std::chrono::seconds kReportEvery{10};

Result<UniqueFd> open_file(const std::filesystem::path& path) {
  const auto refuse = [&](const char* why) {
    return fail(ErrorKind::invalid, "E5032", "{} cannot be written to: {}", path.string(), why);
  };
  const int own = path == "/dev/stdout"   ? STDOUT_FILENO
                  : path == "/dev/stderr" ? STDERR_FILENO
                                          : -1;
  // Not blocking: a pipe without a reader is refused below.
  UniqueFd file(own >= 0 ? ::fcntl(own, F_DUPFD_CLOEXEC, 3)
                         : ::open(path.c_str(),
                                  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640));
  if (!file) return refuse(std::strerror(errno));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return refuse(std::strerror(errno));
  if (own < 0 && !S_ISREG(status.st_mode)) return refuse("it is not a file");
  return file;
}

bool is_regular(const UniqueFd& file) {
  struct stat status {};
  return ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode);
}

// Whole lines, as many as fit; a part of one that does not fit alone.
std::string_view next_piece(std::string_view lines, std::size_t most) {
  if (lines.size() <= most) return lines;
  const auto end = lines.rfind('\n', most - 1);
  return lines.substr(0, end == std::string_view::npos ? most : end + 1);
}

}  // namespace

Result<std::unique_ptr<LineFile>> LineFile::open(std::filesystem::path path, Report report) {
  auto file = open_file(path);
  if (!file) return std::unexpected(file.error());
  return std::unique_ptr<LineFile>(
      new LineFile(std::move(path), std::move(report), std::move(*file)));
}

Status LineFile::check(const std::filesystem::path& path) {
  const auto file = open_file(path);
  return file ? Status{} : std::unexpected(file.error());
}

LineFile::LineFile(std::filesystem::path path, Report report, UniqueFd file)
    : path_(std::move(path)),
      report_(std::move(report)),
      file_(std::move(file)),
      regular_(is_regular(file_)),
      queue_([this](const std::string& lines) { take(lines); }) {}

void LineFile::take(const std::string& lines) {
  look();
  const std::string_view rest = std::string_view(lines).substr(write(lines));
  queue_.lost(static_cast<std::uint64_t>(std::ranges::count(rest, '\n')));
  tell();
}

// Whether the name still is that of the file.
void LineFile::look() {
  const auto now = std::chrono::steady_clock::now();
  if (!regular_ || now < next_look_) return;
  next_look_ = now + kLookEvery;
  struct stat named {};
  struct stat opened {};
  if (::stat(path_.c_str(), &named) == 0 && file_ && ::fstat(file_.get(), &opened) == 0 &&
      named.st_ino == opened.st_ino && named.st_dev == opened.st_dev)
    return;
  auto fresh = open_file(path_);
  file_ = fresh ? std::move(*fresh) : UniqueFd();
  torn_ = false;
}

std::size_t LineFile::write(std::string_view lines) {
  std::size_t done = 0;
  while (file_ && done < lines.size()) {
    if (!regular_ && !queue_.writable(file_.get())) break;
    // A full disk may have taken half a line.
    if (torn_ && ::write(file_.get(), "\n", 1) != 1) break;
    torn_ = false;
    const std::string_view piece =
        next_piece(lines.substr(done), regular_ ? lines.size() : kPipePiece);
    const ssize_t written = ::write(file_.get(), piece.data(), piece.size());
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written <= 0) break;
    done += static_cast<std::size_t>(written);
    torn_ = static_cast<std::size_t>(written) < piece.size() && lines[done - 1] != '\n' && regular_;
    if (torn_) break;
  }
  return done;
}

void LineFile::tell() {
  const auto now = std::chrono::steady_clock::now();
  const std::uint64_t all = dropped();
  if (now < next_report_ || all == told_) return;
  next_report_ = now + kReportEvery;
  report_(all - std::exchange(told_, all));
}

}  // namespace pelton::observe
