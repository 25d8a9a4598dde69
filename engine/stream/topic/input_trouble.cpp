// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/input_trouble.h"

#include "engine/observe/log.h"

#include <utility>

namespace pelton::stream {

void InputTrouble::end(const Error& error) {
  if (std::exchange(ended_, true)) return;
  now_ = error.text();
  observe::log::error(now_ + ": the binding ends", {{"binding", binding_}});
}

void InputTrouble::say(const Error& error) {
  if (ended_) return;
  now_ = error.text();
  if (std::exchange(logged_, now_) != now_) observe::log::warn(now_, {{"binding", binding_}});
}

void InputTrouble::over() {
  if (ended_ || now_.empty()) return;
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
