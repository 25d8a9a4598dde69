// SPDX-License-Identifier: Apache-2.0
#include "engine/store/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace pelton::store {
namespace {

std::string holder(int fd) {
  char text[32] = {};
  const ssize_t length = ::pread(fd, text, sizeof text - 1, 0);
  const std::string pid(text, length > 0 ? static_cast<std::size_t>(length) : 0);
  return pid.empty() ? "another process" : "process " + pid.substr(0, pid.find('\n'));
}

}  // namespace

Status FolderLock::take(const std::filesystem::path& data) {
  data_ = data;
  std::error_code error;
  const auto own = data.has_filename() ? data : data.parent_path();
  if (own.has_parent_path()) std::filesystem::create_directories(own.parent_path(), error);
  // Other users of the machine must not read events. A folder that was there already stays as it
  // is, with what RocksDB writes in a folder that is not theirs.
  for (const auto& folder : {own, own / "db"})
    if (!error && ::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
      error = std::error_code(errno, std::generic_category());
  if (error)
    return fail(ErrorKind::unavailable, "E4104", "the data folder {} cannot be created: {}",
                data.string(), error.message());
  fd_.reset(::open((data / "engine.pid").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd_)
    return fail(ErrorKind::unavailable, "E4104", "the data folder {} cannot be written: {}",
                data.string(), std::strerror(errno));
  if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return {};
  return fail(ErrorKind::invalid, "E4101",
              "the data folder {} is in use by another engine ({}); stop it first, or give this "
              "one a folder of its own (engine.data)",
              data.string(), holder(fd_.get()));
}

Status FolderLock::sign() {
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd_.get(), 0) != 0 ||
      ::pwrite(fd_.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return fail(ErrorKind::unavailable, "E4104", "the data folder {} cannot be written: {}",
                data_.string(), std::strerror(errno));
  return {};
}

}  // namespace pelton::store
