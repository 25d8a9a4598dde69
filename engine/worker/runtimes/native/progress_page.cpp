// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/native/progress_page.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace pelton::worker::native {

ProgressPage::~ProgressPage() {
  if (page_ != nullptr) ::munmap(page_, kBytes);
}

Result<UniqueFd> ProgressPage::open() {
  // Sealed, so that a worker that shortens it cannot make the engine fault.
  UniqueFd fd(::memfd_create("pelton-progress", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || ::ftruncate(fd.get(), kBytes) != 0)
    return fail_errno("E3001", "making a progress page", errno);
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return fail_errno("E3001", "sealing a progress page", errno);
  void* const page = ::mmap(nullptr, kBytes, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (page == MAP_FAILED) return fail_errno("E3001", "mapping a progress page", errno);
  page_ = page;
  return fd;
}

ProgressPage::Seen ProgressPage::read() const {
  Seen seen;
  if (page_ == nullptr) return seen;
  const char* const page = static_cast<const char*>(page_);
  std::memcpy(&seen.frame, page, sizeof seen.frame);
  std::memcpy(&seen.index, page + sizeof seen.frame, sizeof seen.index);
  return seen;
}

}  // namespace pelton::worker::native
