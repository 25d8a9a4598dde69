// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/trouble.h"

#include "engine/observe/log.h"

#include <utility>

namespace pelton::kafka {
namespace {

// More than a topic has troubles; what the status says next is in no log then.
constexpr std::size_t kMostTold = 50;

}  // namespace

void Trouble::say(std::string sentence) {
  std::lock_guard lock(mutex_);
  if (sentence == sentence_) return;
  if (sentence.empty()) {
    observe::log::info(over_, {{"topic", topic_}});
    told_.clear();
  } else if (told_.size() < kMostTold && told_.insert(sentence).second) {
    observe::log::warn(sentence, {{"topic", topic_}});
  }
  sentence_ = std::move(sentence);
  troubled_ = !sentence_.empty();
}

std::string Trouble::text() const {
  std::lock_guard lock(mutex_);
  return sentence_;
}

}  // namespace pelton::kafka
