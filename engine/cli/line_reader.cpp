// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace pelton::cli {

bool LineReader::next(std::string& line) {
  for (;;) {
    const auto end = buffer_.find('\n', std::max(begin_, scanned_));
    if (end != std::string::npos) {
      line.assign(buffer_, begin_, end - begin_);
      begin_ = end + 1;
      return true;
    }
    scanned_ = buffer_.size();
    if (ended_ && begin_ < buffer_.size()) {
      line.assign(buffer_, begin_);
      begin_ = buffer_.size();
      return true;
    }
    if (ended_ || !fill()) return false;
  }
}

bool LineReader::ready() {
  if (ended_ || buffer_.find('\n', std::max(begin_, scanned_)) != std::string::npos) return true;
  pollfd entry{fd_, POLLIN, 0};
  return ::poll(&entry, 1, 0) != 0;
}

bool LineReader::fill() {
  buffer_.erase(0, begin_);
  scanned_ -= std::min(scanned_, begin_);
  begin_ = 0;
  if (buffer_.size() > kMaxLine) {
    status_ = fail(ErrorKind::invalid, "E5020", "a line is longer than {} MiB", kMaxLine >> 20);
    return false;
  }
  char bytes[256U << 10];
  ssize_t got = 0;
  do got = ::read(fd_, bytes, sizeof bytes);
  while (got < 0 && errno == EINTR);
  if (got < 0) status_ = fail_errno("E5020", "reading standard input", errno);
  if (got < 0) return false;
  ended_ = got == 0;
  buffer_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

}  // namespace pelton::cli
