// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <optional>
#include <string>

namespace pelton::stream {

// What keeps a binding from reading or committing at the moment: a sentence for the status, and
// each thing once in the log, however often the client repeats it. One thread.
class InputTrouble {
 public:
  explicit InputTrouble(std::string binding) : binding_(std::move(binding)) {}

  void say(const Error& error);
  // The brokers answer: whatever was wrong is over.
  void over();
  // Nothing is read any more until the engine restarts; all else is of no interest then.
  void end(const Error& error);
  bool ended() const { return ended_; }
  // Some partitions cannot begin; nothing: all have begun.
  void waiting(const std::optional<Error>& why);
  // Empty: nothing.
  const std::string& text() const { return now_.empty() ? waiting_ : now_; }

 private:
  const std::string binding_;
  std::string now_;
  std::string logged_;  // the newest in the log
  std::string waiting_;
  bool ended_ = false;
};

}  // namespace pelton::stream
