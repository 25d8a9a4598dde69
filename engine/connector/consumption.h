// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"
#include "engine/base/result.h"

#include <vector>

namespace pelton::connector {

// Value. Everything that a stream held at one moment: the end of each of its partitions.
struct Checkpoint {
  std::vector<Offset> ends;
};

// Interface. How far the bindings of a source's stream (functions and sinks) have come. For sources
// whose events name something outside the stream, such as a file, that must stay until every
// binding has settled them. Thread-safe.
class Consumption {
 public:
  virtual ~Consumption() = default;

  // What the stream holds now. Events whose append has been settled are part of it.
  virtual Result<Checkpoint> now() = 0;

  // Whether every binding has settled all events before the checkpoint, durably: none of them is
  // delivered again, except by a replay of its dead letter or a seek. True when the stream has no
  // bindings. Once true it stays true until a seek.
  virtual Result<bool> settled(const Checkpoint& checkpoint) = 0;
};

}  // namespace pelton::connector
