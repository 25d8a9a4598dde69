// SPDX-License-Identifier: Apache-2.0
#include "engine/connector/lane_guard.h"

#include "engine/model/batch_builder.h"

#include <gtest/gtest.h>

namespace pelton::connector {
namespace {

// Events 0 and 1 have key a, 2 has key b, 3 and 4 have none.
model::BatchPtr events() {
  model::BatchBuilder builder;
  for (const char* key : {"a", "a", "b", "", ""}) {
    model::EventView event;
    event.key = key;
    event.has_key = *key != '\0';
    builder.add(event);
  }
  return builder.finish();
}

TEST(LaneGuard, ByKeyOnlyTheSameKeyWaits) {
  const auto batch = events();
  LaneGuard lanes(*batch, model::Order::key);
  EXPECT_FALSE(lanes.blocked(1));
  lanes.failed(0);
  EXPECT_TRUE(lanes.blocked(1));
  EXPECT_FALSE(lanes.blocked(2));
  EXPECT_FALSE(lanes.blocked(3));
}

TEST(LaneGuard, AnEventWithoutAKeyHoldsNothingBack) {
  const auto batch = events();
  LaneGuard lanes(*batch, model::Order::key);
  lanes.failed(3);
  EXPECT_FALSE(lanes.blocked(4));
}

TEST(LaneGuard, ByPartitionEverythingWaits) {
  const auto batch = events();
  LaneGuard lanes(*batch, model::Order::partition);
  lanes.failed(0);
  EXPECT_TRUE(lanes.blocked(2));
  EXPECT_TRUE(lanes.blocked(4));
}

TEST(LaneGuard, WithoutOrderNothingWaits) {
  const auto batch = events();
  LaneGuard lanes(*batch, model::Order::none);
  lanes.failed(0);
  EXPECT_FALSE(lanes.blocked(1));
}

TEST(LaneGuard, InWhateverOrderItIsToldWhatWasEarlierIsNotHeldBack) {
  const auto batch = events();
  LaneGuard lanes(*batch, model::Order::key);
  lanes.failed(1);
  EXPECT_FALSE(lanes.blocked(0));
  EXPECT_FALSE(lanes.blocked(1));
  lanes.failed(0);
  lanes.failed(1);
  EXPECT_TRUE(lanes.blocked(1));
  EXPECT_EQ(lanes.lane(0), lanes.lane(1));
  EXPECT_EQ(lanes.lane(3), std::nullopt);
}

}  // namespace
}  // namespace pelton::connector
