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
  std::vector<Call>().swap(calls_);
  ::close(wake_);
}

void PollLoop::start() {
  if (thread_.joinable()) return;
  thread_ = std::thread([this] { turn_until_stopped(); });
}

void PollLoop::stop() {
  background_.finish();
  if (!thread_.joinable()) return;
  post([this] {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  });
  thread_.join();
}

void PollLoop::post(Call call) {
  {
    std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
  }
  ::eventfd_write(wake_, 1);
}

void PollLoop::run(Call call) {
  if (!thread_.joinable() || thread_.get_id() == std::this_thread::get_id()) return call();
  std::promise<void> done;
  post([&call, &done] {
    call();
    done.set_value();
  });
  done.get_future().wait();
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
  std::vector<Call> calls;
  {
    std::lock_guard lock(mutex_);
    calls.swap(calls_);
  }
  for (Call& call : calls) call();
  if (!serve_all() && calls.empty()) wait(time);
}

void PollLoop::turn_until_stopped() {
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    turn(kTick);
  }
}

}  // namespace pelton::kafka
