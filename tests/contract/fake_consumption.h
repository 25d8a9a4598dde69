// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/consumption.h"

namespace pelton::test {

// A stream of one partition whose end moves with every checkpoint. Bindings settle everything at
// once unless `settled_to` is set.
class FakeConsumption final : public connector::Consumption {
 public:
  Result<connector::Checkpoint> now() override { return connector::Checkpoint{{++end}}; }
  Result<bool> settled(const connector::Checkpoint& checkpoint) override {
    return settled_to < 0 || checkpoint.ends.at(0) <= settled_to;
  }

  Offset end = 0;
  Offset settled_to = -1;  // below 0: everything is settled
};

}  // namespace pelton::test
