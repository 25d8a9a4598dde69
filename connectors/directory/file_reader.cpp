// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/file_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace pelton::directory {
namespace {

ReadOutcome failed(FileContent& out) {
  out.error_number = errno;
  switch (errno) {
    case ENOENT:
    case ENOTDIR:
      return ReadOutcome::gone;
    case ELOOP:
    case EXDEV:
    case ENXIO:
      return ReadOutcome::refused;
    default:
      return ReadOutcome::unreadable;
  }
}

// One byte more than expected is asked for, so that a file that grew is noticed at once.
bool read_whole(int fd, std::uint64_t size, std::string& out) {
  out.resize(size + 1);
  std::size_t filled = 0;
  while (filled < out.size()) {
    const ssize_t got = ::read(fd, out.data() + filled, out.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  out.resize(filled);
  return true;
}

}  // namespace

ReadOutcome read_file(const Folder& root, const std::string& name, std::uint64_t inline_limit,
                      FileContent& out) {
  out.error_number = 0;
  out.data.clear();
  out.has_data = false;
  const UniqueFd file = root.open_file(name, O_RDONLY | O_NOCTTY);
  struct stat stat {};
  if (!file || ::fstat(file.get(), &stat) != 0) return failed(out);
  if (!S_ISREG(stat.st_mode)) return ReadOutcome::refused;
  out.version = FileVersion::of(stat);
  if (out.version.size > inline_limit) return ReadOutcome::whole;
  if (!read_whole(file.get(), out.version.size, out.data) || ::fstat(file.get(), &stat) != 0)
    return failed(out);
  const FileVersion after = FileVersion::of(stat);
  const bool changed = !(after == out.version) || out.data.size() != out.version.size;
  out.version = after;
  out.has_data = !changed;
  return changed ? ReadOutcome::changing : ReadOutcome::whole;
}

}  // namespace pelton::directory
