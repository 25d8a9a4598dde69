// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/folder.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace pelton::directory {
namespace {

// glibc 2.36 has no wrapper for openat2.
UniqueFd open_beneath(int from, const std::string& name, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if ((flags & O_PATH) != 0) how.flags &= ~static_cast<std::uint64_t>(O_NONBLOCK);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  long fd = -1;
  do {
    fd = ::syscall(SYS_openat2, from, name.c_str(), &how, sizeof how);
  } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
  return UniqueFd(static_cast<int>(fd));
}

}  // namespace

Result<Folder> Folder::open(const std::filesystem::path& path, CreateFolder create) {
  if (create == CreateFolder::yes) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error && error != std::errc::file_exists && error != std::errc::not_a_directory)
      return fail_errno("E2001", fmt::format("creating the folder {}", path.string()),
                        error.value());
  }
  Folder folder;
  folder.path_ = path;
  folder.fd_ = UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.fd_ && errno == ENOTDIR)
    return fail(ErrorKind::invalid, "E2002", "{} is not a folder", path.string());
  if (!folder.fd_)
    return fail_errno("E2001", fmt::format("opening the folder {}", path.string()), errno);
  struct stat stat {};
  if (::fstat(folder.fd(), &stat) != 0)
    return fail_errno("E2001", fmt::format("looking at the folder {}", path.string()), errno);
  folder.device_ = stat.st_dev;
  folder.inode_ = stat.st_ino;
  if (!folder.open_subfolder("") && (errno == ENOSYS || errno == EPERM))
    return fail(
        ErrorKind::invalid, "E2009",
        "the system call openat2 is unavailable or forbidden (it needs Linux 5.6 or newer)");
  return folder;
}

Status Folder::check_in_place() const {
  struct stat stat {};
  if (::stat(path_.c_str(), &stat) == 0 && stat.st_dev == device_ && stat.st_ino == inode_)
    return {};
  return fail(ErrorKind::unavailable, "E2003", "the folder {} was deleted, moved or replaced",
              path_.string());
}

UniqueFd Folder::open_file(const std::string& name, int flags) const {
  return open_beneath(fd(), name, flags);
}

UniqueFd Folder::open_subfolder(const std::string& name) const {
  return open_beneath(fd(), name.empty() ? "." : name, O_RDONLY | O_DIRECTORY);
}

UniqueFd Folder::make_subfolder(const std::string& name) const {
  UniqueFd at = open_subfolder(name);
  if (at || errno != ENOENT) return at;
  at = open_subfolder("");
  for (std::size_t from = 0; at && from < name.size();) {
    const std::size_t slash = name.find('/', from);
    const std::string part = name.substr(from, slash - from);
    UniqueFd next = open_beneath(at.get(), part, O_RDONLY | O_DIRECTORY);
    // Somebody else may make it in between; both then see to it that it lasts.
    if (!next && errno == ENOENT &&
        (::mkdirat(at.get(), part.c_str(), 0755) == 0 || errno == EEXIST) && ::fsync(at.get()) == 0)
      next = open_beneath(at.get(), part, O_RDONLY | O_DIRECTORY);
    at = std::move(next);
    from = slash == std::string::npos ? name.size() : slash + 1;
  }
  return at;
}

bool Folder::stat(const std::string& name, struct stat& out) const {
  if (name.find('/') == std::string::npos)
    return ::fstatat(fd(), name.c_str(), &out, AT_SYMLINK_NOFOLLOW) == 0;
  const UniqueFd parent = open_subfolder(parent_of(name));
  return parent && ::fstatat(parent.get(), leaf_of(name).c_str(), &out, AT_SYMLINK_NOFOLLOW) == 0;
}

std::string parent_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? std::string() : name.substr(0, slash);
}

std::string leaf_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? name : name.substr(slash + 1);
}

}  // namespace pelton::directory
