// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/native/progress_page.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

namespace pelton::worker::native {
namespace {

constexpr std::size_t kSlotBytes = 32;
constexpr std::size_t kLimitBytes = 16;
constexpr std::size_t kLimitsAt = ProgressPage::kSlots * kSlotBytes;

std::uint64_t* words_at(void* page, std::size_t byte) {
  return reinterpret_cast<std::uint64_t*>(static_cast<char*>(page) + byte);
}

std::uint64_t load(std::uint64_t& word) {
  return std::atomic_ref(word).load(std::memory_order_acquire);
}

void store(std::uint64_t& word, std::uint64_t value) {
  std::atomic_ref(word).store(value, std::memory_order_seq_cst);
}

}  // namespace

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
  void* const page = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (page == MAP_FAILED) return fail_errno("E3001", "mapping a progress page", errno);
  page_ = page;
  return fd;
}

std::vector<ProgressPage::Seen> ProgressPage::read() const {
  std::vector<Seen> all;
  if (page_ == nullptr) return all;
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    std::uint64_t* const words = words_at(page_, slot * kSlotBytes);
    const std::uint64_t index = load(words[1]);
    if (index == 0 || index > UINT32_MAX) continue;
    const std::uint64_t events = std::clamp<std::uint64_t>(load(words[3]), 1, UINT32_MAX);
    all.push_back({load(words[0]), static_cast<std::uint32_t>(index - 1),
                   static_cast<std::uint32_t>(events), load(words[2])});
  }
  return all;
}

// The frame comes last: a worker that finds it finds its index.
void ProgressPage::limit(std::size_t which, std::uint64_t frame, std::uint32_t index) {
  if (page_ == nullptr) return;
  std::uint64_t* const words = words_at(page_, kLimitsAt + which * kLimitBytes);
  store(words[0], 0);
  store(words[1], index);
  store(words[0], frame);
}

}  // namespace pelton::worker::native
