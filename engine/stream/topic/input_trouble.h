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
  // Some partitions cannot begin; nothing: all have begun.
  void waiting(const std::optional<Error>& why);
  // Empty: nothing.
  const std::string& text() const { return now_.empty() ? waiting_ : now_; }

 private:
  const std::string binding_;
  std::string now_;
  std::string logged_;  // the newest in the log
  std::string waiting_;
};

}  // namespace pelton::stream
