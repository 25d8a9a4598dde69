// SPDX-License-Identifier: Apache-2.0
#include "engine/store/maintenance_thread.h"

#include <future>
#include <utility>

namespace pelton::store {

void MaintenanceThread::start(std::optional<Duration> interval, std::function<void()> round) {
  round_ = std::move(round);
  if (interval) thread_ = std::thread([this, every = *interval] { work(every); });
}

void MaintenanceThread::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  due_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (Errand& errand : std::exchange(errands_, {}))
    errand.done(fail(ErrorKind::cancelled, "E4108", "the store is closing"));
}

void MaintenanceThread::nudge() {
  {
    std::lock_guard lock(mutex_);
    nudged_ = true;
  }
  due_.notify_one();
}

void MaintenanceThread::run_round() {
  if (!thread_.joinable()) return round_();
  std::unique_lock lock(mutex_);
  const std::uint64_t mine = ++wanted_;
  due_.notify_one();
  ended_.wait(lock, [&] { return done_ >= mine || stopping_; });
}

Status MaintenanceThread::run(std::function<Status()> errand) {
  if (!thread_.joinable()) return errand();
  std::promise<Status> answer;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return fail(ErrorKind::cancelled, "E4108", "the store is closing");
    errands_.push_back(
        {std::move(errand), [&answer](Status status) { answer.set_value(std::move(status)); }});
  }
  due_.notify_one();
  return answer.get_future().get();
}

void MaintenanceThread::work(Duration interval) {
  std::unique_lock lock(mutex_);
  for (;;) {
    due_.wait_for(lock, interval,
                  [&] { return stopping_ || nudged_ || !errands_.empty() || wanted_ != done_; });
    if (stopping_) break;
    nudged_ = false;
    const std::uint64_t wanted = wanted_;
    auto errands = std::exchange(errands_, {});
    lock.unlock();
    for (Errand& errand : errands) errand.done(errand.run());
    round_();
    lock.lock();
    done_ = wanted;
    ended_.notify_all();
  }
  ended_.notify_all();
}

}  // namespace pelton::store
