// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/directory_sink.h"

#include "connectors/directory/file_name.h"
#include "connectors/directory/names.h"
#include "engine/connector/lane_guard.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace pelton::directory {
namespace {

using connector::SinkFailure;
using connector::SinkPosition;

// Folders kept open at once during a write.
constexpr std::size_t kMaxFolders = 64;
constexpr std::size_t kVersionDigits = 16;
constexpr std::size_t kMaxVersionedLeaf = 200;
// The code of errors that concern every file: the write as a whole is repeated.
constexpr std::string_view kSinkAway = "E2021";

// Whether errno concerns this file alone; everything else (no space, read-only, too many open
// files) concerns the sink as a whole.
bool of_one_file(int error_number) {
  switch (error_number) {
    case EISDIR:
    case ENOTDIR:
    case ENOTEMPTY:
    case EEXIST:
    case ELOOP:
    case EXDEV:
    case ENAMETOOLONG:
    case EINVAL:
      return true;
    default:
      return false;
  }
}

std::unexpected<Error> cannot_write(const std::string& name) {
  const int error_number = errno;
  const std::string what = fmt::format("writing {}", subject_of(name));
  if (error_number == EACCES || error_number == EPERM)
    return fail_errno("E2024", what, error_number);
  if (!of_one_file(error_number)) return fail_errno(kSinkAway, what, error_number);
  return fail(ErrorKind::invalid, "E2022", "{}: {}", what,
              error_number == ELOOP || error_number == EXDEV
                  ? "its path contains a symbolic link"
                  : std::generic_category().message(error_number));
}

bool exists(int folder, const std::string& leaf) {
  struct stat stat {};
  return ::fstatat(folder, leaf.c_str(), &stat, AT_SYMLINK_NOFOLLOW) == 0;
}

// Whether the file holds exactly this.
bool holds(int folder, const std::string& leaf, std::string_view data) {
  const UniqueFd file(
      ::openat(folder, leaf.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat stat {};
  if (!file || ::fstat(file.get(), &stat) != 0 || !S_ISREG(stat.st_mode) ||
      static_cast<std::size_t>(stat.st_size) != data.size())
    return false;
  char piece[16U << 10];
  while (!data.empty()) {
    const ssize_t got = ::read(file.get(), piece, std::min(sizeof piece, data.size()));
    if (got <= 0 || !data.starts_with(std::string_view(piece, static_cast<std::size_t>(got))))
      return false;
    data.remove_prefix(static_cast<std::size_t>(got));
  }
  return true;
}

bool write_whole(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t put = ::write(fd, data.data(), data.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    data.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

}  // namespace

Status DirectorySink::connect() {
  auto root = Folder::open(options_.path, options_.create);
  if (!root) return std::unexpected(std::move(root).error());
  root_ = std::move(*root);
  return {};
}

Result<std::vector<SinkFailure>> DirectorySink::write(const model::Batch& batch,
                                                      const SinkPosition& position) {
  folders_.clear();
  if (auto there = root_.check_in_place(); !there) return std::unexpected(there.error());
  std::vector<SinkFailure> failures;
  connector::LaneGuard lanes(batch, position.order);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Status written = lanes.blocked(i)
                         ? fail(ErrorKind::overloaded, "", "an earlier event of its key failed")
                         : write_event(batch, i, position);
    if (written) continue;
    if (written.error().code == kSinkAway) return std::unexpected(std::move(written).error());
    lanes.failed(i);
    failures.push_back({i, std::move(written).error()});
  }
  if (auto synced = sync_folders(); !synced) return std::unexpected(synced.error());
  return failures;
}

Status DirectorySink::write_event(const model::Batch& batch, std::size_t i,
                                  const SinkPosition& position) {
  auto name = file_name(options_.name, batch, i, position);
  if (!name) return std::unexpected(std::move(name).error());
  std::string_view path;
  if (!batch.has_data(i) && batch.find_header(i, "path", path))
    return fail(ErrorKind::invalid, "E2023",
                "{} has no data, only the path of a file too large to be inline",
                subject_of(*name));
  const auto folder = folder_of(*name);
  if (!folder) return std::unexpected(folder.error());
  if (!batch.has_data(i))
    return options_.if_exists == IfExists::replace ? remove(*folder, *name) : Status{};
  const Offset offset = position.base + batch.delta(i);
  return put(*folder, *name, temporary_name(options_.connector, position, offset), batch.data(i));
}

Result<int> DirectorySink::folder_of(const std::string& name) {
  const std::string parent = parent_of(name);
  if (const auto at = folders_.find(parent); at != folders_.end()) return at->second.get();
  if (folders_.size() >= kMaxFolders)
    if (auto synced = sync_folders(); !synced) return std::unexpected(synced.error());
  UniqueFd folder = root_.make_subfolder(parent);
  if (!folder) return cannot_write(name);
  return folders_.emplace(parent, std::move(folder)).first->second.get();
}

Status DirectorySink::put(int folder, const std::string& name, const std::string& temporary,
                          std::string_view data) {
  const std::string leaf = leaf_of(name);
  if (options_.if_exists == IfExists::keep && exists(folder, leaf)) return {};
  if (auto written = write_temporary(folder, temporary, data); !written) return written;
  const unsigned flags = options_.if_exists == IfExists::replace ? 0 : RENAME_NOREPLACE;
  if (::renameat2(folder, temporary.c_str(), folder, leaf.c_str(), flags) == 0) return {};
  if (errno == EEXIST && flags != 0 && put_beside(folder, leaf, temporary, data)) return {};
  const int error_number = errno;
  ::unlinkat(folder, temporary.c_str(), 0);
  errno = error_number;
  return cannot_write(name);
}

// A file of that name exists. One with this content is what an earlier attempt wrote. False leaves
// errno.
bool DirectorySink::put_beside(int folder, const std::string& leaf, const std::string& temporary,
                               std::string_view data) const {
  if (options_.if_exists == IfExists::keep || holds(folder, leaf, data))
    return ::unlinkat(folder, temporary.c_str(), 0) == 0;
  // The same name at every attempt, so that a repeated event does no harm.
  const std::string version = temporary.substr(kTemporaryPrefix.size(), kVersionDigits);
  const std::string other = leaf.substr(0, kMaxVersionedLeaf) + '.' + version;
  return ::renameat(folder, temporary.c_str(), folder, other.c_str()) == 0;
}

Status DirectorySink::write_temporary(int folder, const std::string& temporary,
                                      std::string_view data) const {
  ::unlinkat(folder, temporary.c_str(), 0);
  const UniqueFd file(::openat(folder, temporary.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                               options_.mode));
  if (!file) return cannot_write(temporary);
  // fchmod: the mode is what the option says, whatever the umask.
  const bool written = write_whole(file.get(), data) && ::fchmod(file.get(), options_.mode) == 0 &&
                       (!options_.sync || ::fsync(file.get()) == 0);
  if (written) return {};
  const int error_number = errno;
  ::unlinkat(folder, temporary.c_str(), 0);
  errno = error_number;
  return cannot_write(temporary);
}

Status DirectorySink::remove(int folder, const std::string& name) const {
  if (::unlinkat(folder, leaf_of(name).c_str(), 0) == 0 || errno == ENOENT) return {};
  return cannot_write(name);
}

Status DirectorySink::sync_folders() {
  for (const auto& [name, folder] : folders_)
    if (options_.sync && ::fsync(folder.get()) != 0) return cannot_write(name.empty() ? "." : name);
  folders_.clear();
  return {};
}

void DirectorySink::close() {
  folders_.clear();
  root_ = Folder();
}

}  // namespace pelton::directory
