// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/input_trouble.h"

#include "engine/observe/log.h"

#include <utility>

namespace pelton::stream {

void InputTrouble::say(const Error& error) {
  now_ = error.text();
  if (std::exchange(logged_, now_) != now_) observe::log::warn(now_, {{"binding", binding_}});
}

void InputTrouble::over() {
  if (now_.empty()) return;
  now_.clear();
  logged_.clear();
  observe::log::info("the brokers answer again", {{"binding", binding_}});
}

void InputTrouble::waiting(const std::optional<Error>& why) {
  const std::string before = std::exchange(waiting_, why ? why->text() : std::string());
  if (waiting_ == before) return;
  if (why)
    observe::log::warn(waiting_, {{"binding", binding_}});
  else
    observe::log::info("all partitions answer", {{"binding", binding_}});
}

}  // namespace pelton::stream
