// SPDX-License-Identifier: Apache-2.0
#include "engine/observe/line_writer.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace pelton::observe {
namespace {

// A pipe that poll() calls writable takes so much without blocking (POSIX: PIPE_BUF).
constexpr std::size_t kPiece = 4096;

}  // namespace

void LineWriter::write(std::string& lines) {
  if (broken_) return;
  const std::uint64_t dropped = queue_.dropped();
  if (dropped > told_) lines += dropped_line_(dropped - std::exchange(told_, dropped)) + "\n";
  for (std::string_view rest = lines; !rest.empty();) {
    broken_ = !queue_.writable(fd_);
    if (broken_) return;
    const ssize_t written = ::write(fd_, rest.data(), std::min(rest.size(), kPiece));
    broken_ = written < 0 && errno != EINTR && errno != EAGAIN;
    if (broken_) return;
    if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace pelton::observe
