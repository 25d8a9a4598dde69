// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/shard/virtual_time.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>

namespace pelton::simulation {
namespace {

thread_local const VirtualTime* shown = nullptr;

timespec spec_of(std::int64_t us) {
  constexpr std::int64_t kSecond = 1'000'000;
  timespec spec{};
  spec.tv_sec = us / kSecond;
  spec.tv_nsec = us % kSecond * 1000;
  return spec;
}

// False: the clock is the machine's.
bool read(clockid_t clock, timespec& time) {
  if (shown == nullptr) return false;
  if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE)
    time = spec_of(shown->monotonic().count());
  else if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
    time = spec_of(to_us(shown->wall()));
  else
    return false;
  return true;
}

}  // namespace

void set_time(const VirtualTime* time) {
  shown = time;
}

}  // namespace pelton::simulation

// Every library of this program finds them before libc's.
extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (pelton::simulation::read(clock, *time)) return 0;
  return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
}

int timerfd_create(int, int) noexcept {
  errno = ENOSYS;
  return -1;
}
}
