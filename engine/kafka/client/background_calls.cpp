// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/background_calls.h"

#include <chrono>
#include <utility>

namespace pelton::kafka {

void BackgroundCalls::run(Call call) {
  {
    std::lock_guard lock(mutex_);
    if (!finishing_) {
      std::erase_if(running_, [](const std::future<void>& each) {
        return each.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
      });
      // What the call owns goes with it, not with the future.
      running_.push_back(std::async(std::launch::async, [call = std::move(call)]() mutable {
        std::exchange(call, nullptr)();
      }));
      return;
    }
  }
  call();
}

void BackgroundCalls::finish() {
  std::vector<std::future<void>> running;
  {
    std::lock_guard lock(mutex_);
    finishing_ = true;
    running.swap(running_);
  }
}

}  // namespace pelton::kafka
