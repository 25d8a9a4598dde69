// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace pelton::stream {

// Value. What keeps a binding from reading, writing or committing at the moment (brokers away).
struct Trouble {
  std::string what;    // empty: nothing
  bool ended = false;  // it is not over before the engine restarts
};

// Interface. How an input is doing. Shard-confined.
class InputHealth {
 public:
  virtual ~InputHealth() = default;

  virtual Trouble trouble() const = 0;
  // False: enough waits to become durable; until then, workers are to get nothing more.
  virtual bool room() const = 0;
  // Dead letters of the binding that are not in the store.
  virtual std::uint64_t letters_elsewhere() const = 0;
};

}  // namespace pelton::stream
