// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/temporary_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cstdlib>
#include <ctime>
#include <mutex>

namespace pelton::worker::lambda {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "pelton-worker-";
// A folder is made before it is locked: a younger one may be in between.
constexpr std::time_t kYoungest = 60;

UniqueFd lock(const fs::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fd.reset();
  return fd;
}

bool ours_and_old(int folder) {
  struct stat status {};
  return ::fstat(folder, &status) == 0 && status.st_uid == ::geteuid() &&
         std::time(nullptr) - status.st_mtime > kYoungest;
}

}  // namespace

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

Status TemporaryFolder::make(const std::string& worker) {
  static std::once_flag once;
  std::call_once(once, remove_abandoned);
  std::error_code error;
  const auto base = fs::temp_directory_path(error);
  if (error) return fail_errno("E3001", "finding the folder for temporary files", error.value());
  std::string name = (base / (kPrefix + worker + "-XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr)
    return fail_errno("E3001", "making a folder in " + base.string(), errno);
  path_ = name;
  lock_ = lock(path_);
  // Another engine would take one without a lock for abandoned.
  if (!lock_) return fail_errno("E3001", "locking " + name, errno);
  return {};
}

void TemporaryFolder::remove_abandoned() {
  std::error_code error;
  const auto base = fs::temp_directory_path(error);
  for (fs::directory_iterator at(base, error), end; !error && at != end; at.increment(error)) {
    if (!at->path().filename().native().starts_with(kPrefix)) continue;
    const UniqueFd locked = lock(at->path());
    std::error_code ignored;
    if (locked && ours_and_old(locked.get())) fs::remove_all(at->path(), ignored);
  }
}

}  // namespace pelton::worker::lambda
