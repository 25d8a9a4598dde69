// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/log_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace pelton::cli {
namespace {

UniqueFd open_file(const std::filesystem::path& path) {
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool same_file(const UniqueFd& a, const UniqueFd& b) {
  struct stat one {
  }, other{};
  return ::fstat(a.get(), &one) == 0 && ::fstat(b.get(), &other) == 0 && same_file(one, other);
}

}  // namespace

// The newest first: it may become the older one meanwhile.
bool LogReader::open() {
  newest_ = open_file(files_.newest);
  older_ = open_file(files_.older);
  if (newest_ && older_ && same_file(newest_, older_)) older_.reset();
  return newest_ || older_;
}

void LogReader::read(const std::function<void(std::string_view)>& visit) {
  if (older_) read_file(older_.get(), visit);
  older_.reset();
  // Nothing more comes to a file that has been replaced: what is there now is its rest.
  const bool last = !newest_ || replaced();
  if (newest_) read_file(newest_.get(), visit);
  if (!last) return;
  UniqueFd next = open_file(files_.newest);
  if (!next) return;
  newest_ = std::move(next);
  read_file(newest_.get(), visit);
}

bool LogReader::replaced() const {
  struct stat opened {
  }, named{};
  return ::fstat(newest_.get(), &opened) == 0 && ::stat(files_.newest.c_str(), &named) == 0 &&
         !same_file(opened, named);
}

void LogReader::read_file(int fd, const std::function<void(std::string_view)>& visit) {
  std::array<char, 65536> piece;
  for (;;) {
    const ssize_t count = ::read(fd, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    begun_.append(piece.data(), static_cast<std::size_t>(count));
    std::size_t begin = 0;
    for (auto end = begun_.find('\n'); end != std::string::npos; end = begun_.find('\n', begin)) {
      if (end > begin) visit(std::string_view(begun_).substr(begin, end - begin));
      begin = end + 1;
    }
    begun_.erase(0, begin);
  }
}

}  // namespace pelton::cli
