// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/poll_loop.h"

#include "engine/base/ensure.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <future>
#include <utility>

namespace pelton::kafka {
namespace {

// Deadlines of consumers are looked at so often when nothing else happens.
constexpr std::chrono::milliseconds kTick{100};

}  // namespace

PollLoop::PollLoop() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  ENSURE(wake_ >= 0, "no eventfd: {}", errno);
}

PollLoop::~PollLoop() {
  stop();
  // What the calls own goes while the loop is whole.
  std::vector<Posted>().swap(calls_);
  ::close(wake_);
}

void PollLoop::start() {
  if (thread_.joinable()) return;
  std::lock_guard lock(mutex_);
  stage_ = Stage::turning;
  thread_ = std::thread([this] { turn_until_stopped(); });
}

void PollLoop::stop() {
  background_.finish();
  if (!thread_.joinable()) return;
  post([this] { stopping_ = true; });
  thread_.join();
}

void PollLoop::post(Call call) {
  {
    std::lock_guard lock(mutex_);
    // Where no turn comes, what the call owns goes with it, outside the lock.
    if (stage_ != Stage::ended) calls_.push_back({std::exchange(call, nullptr), false});
  }
  ::eventfd_write(wake_, 1);
}

void PollLoop::run(Call call) {
  std::promise<void> done;
  if (!queue_for_thread([&call, &done] {
        call();
        done.set_value();
      }))
    return call();
  ::eventfd_write(wake_, 1);
  done.get_future().wait();
}

bool PollLoop::queue_for_thread(Call call) {
  std::lock_guard lock(mutex_);
  if (stage_ != Stage::turning || thread_.get_id() == std::this_thread::get_id()) return false;
  calls_.push_back({std::move(call), true});
  return true;
}

void PollLoop::add(const void* owner, Serve serve) {
  served_.emplace_back(owner, std::move(serve));
}

void PollLoop::remove(const void* owner) {
  std::erase_if(served_, [&](const auto& entry) { return entry.first == owner; });
}

void PollLoop::wait(std::chrono::milliseconds time) {
  pollfd handle{wake_, POLLIN, 0};
  ::poll(&handle, 1, static_cast<int>(time.count()));
  eventfd_t count = 0;
  ::eventfd_read(wake_, &count);
}

bool PollLoop::serve_all() {
  bool more = false;
  // By index: serving may add or remove.
  for (std::size_t i = 0; i < served_.size(); ++i) more |= served_[i].second();
  return more;
}

void PollLoop::turn(std::chrono::milliseconds time) {
  std::vector<Posted> calls;
  {
    std::lock_guard lock(mutex_);
    calls.swap(calls_);
  }
  for (Posted& posted : calls) posted.call();
  if (!serve_all() && calls.empty()) wait(time);
}

void PollLoop::turn_until_stopped() {
  while (!stopping_) turn(kTick);
  while (!end()) {
  }
}

bool PollLoop::end() {
  std::vector<Posted> calls;
  {
    std::lock_guard lock(mutex_);
    calls.swap(calls_);
    if (calls.empty()) stage_ = Stage::ended;
  }
  for (Posted& posted : calls)
    if (posted.awaited) posted.call();
  return calls.empty();
}

}  // namespace pelton::kafka
