// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/background.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

namespace pelton::cli {

Status Background::open() {
  ended_.reset(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (ended_) return {};
  return fail(ErrorKind::unavailable, "E5024", "cannot wait for an answer: {}",
              std::strerror(errno));
}

void Background::begin(std::function<Rest()> work) {
  threads_.emplace_back([this, work = std::move(work)] {
    Rest rest = work();
    const std::lock_guard lock(mutex_);
    rests_.push_back(std::move(rest));
    ids_.push_back(std::this_thread::get_id());
    ::eventfd_write(ended_.get(), 1);
  });
}

void Background::finish() {
  std::vector<Rest> rests;
  std::vector<std::thread::id> ids;
  {
    const std::lock_guard lock(mutex_);
    eventfd_t count = 0;
    ::eventfd_read(ended_.get(), &count);
    rests.swap(rests_);
    ids.swap(ids_);
  }
  std::erase_if(threads_, [&](const std::jthread& one) {
    return std::ranges::find(ids, one.get_id()) != ids.end();
  });
  for (const Rest& rest : rests) rest();
}

}  // namespace pelton::cli
