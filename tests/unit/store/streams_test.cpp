// SPDX-License-Identifier: Apache-2.0
// Streams that change while the store runs.
#include "tests/unit/store/store_fixture.h"

#include <gmock/gmock.h>

namespace pelton::store {
namespace {

using ::testing::ElementsAre;

class Streams : public StoreFixture {
 protected:
  Streams() {
    options.now = [this] { return clock.load(); };
    other.name = "other";
  }
  Status set(const std::vector<StreamSpec>& streams) { return store->set_streams(streams); }
  Result<Offset> append_to(std::string_view name, const std::string& data) {
    model::Transaction transaction;
    const StreamId id = store->find_stream(name).value_or(StreamId{99});
    transaction.appends.push_back({{id, PartitionId{0}}, batch({data})});
    auto done = commit(std::move(transaction));
    if (!done) return std::unexpected(done.error());
    return done->bases.front();
  }

  StreamSpec other;
  std::atomic<WallTime> clock{from_us(1'700'000'000'000'000)};
};

TEST_F(Streams, ANewOneTakesEventsAndIsThereAfterAnotherStart) {
  open();
  EXPECT_FALSE(store->find_stream("other"));
  ASSERT_TRUE(append({"a"}));
  ASSERT_TRUE(set({stream, other}));
  EXPECT_EQ(append_to("other", "x"), 0);
  EXPECT_EQ(append({"b"}), 1);
  const StreamId id = *store->find_stream("other");
  open();
  EXPECT_THAT(read(), ElementsAre("a", "b"));
  ASSERT_TRUE(set({stream, other}));
  EXPECT_EQ(store->find_stream("other"), id);
  EXPECT_EQ(append_to("other", "y"), 1);
}

TEST_F(Streams, PartitionsGrowAndTheOthersKeepTheirEvents) {
  open();
  ASSERT_TRUE(append({"a"}, 1));
  EXPECT_FALSE(append({"b"}, 2));
  stream.partitions = 3;
  ASSERT_TRUE(set({stream}));
  EXPECT_EQ(append({"b"}, 2), 0);
  EXPECT_EQ(append({"c"}, 1), 1);
  EXPECT_THAT(read(0, 1), ElementsAre("a", "c"));
  open();
  EXPECT_THAT(read(0, 2), ElementsAre("b"));
}

TEST_F(Streams, FewerPartitionsAreRefusedAndNothingChanges) {
  open();
  stream.partitions = 1;
  const auto refused = set({other, stream});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E4103");
  EXPECT_FALSE(store->find_stream("other"));
  EXPECT_TRUE(append({"a"}, 1));
}

TEST_F(Streams, OneThatIsTakenAwayKeepsItsEventsButTakesNone) {
  open();
  ASSERT_TRUE(set({stream, other}));
  ASSERT_TRUE(append_to("other", "x"));
  const model::StreamPartition place{*store->find_stream("other"), PartitionId{0}};
  ASSERT_TRUE(set({stream}));
  EXPECT_FALSE(append_to("other", "y"));
  EXPECT_EQ(store->bounds(place)->end, 1);
  ASSERT_TRUE(set({stream, other}));
  EXPECT_EQ(append_to("other", "z"), 1);
}

TEST_F(Streams, RetentionFollowsTheNewOptionsAndTheNewBindings) {
  open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append({std::string(1'100'000, 'x')}));
  settle(3);
  clock = clock.load() + std::chrono::hours(2);
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 0);
  stream.retention_time = std::chrono::hours(1);
  stream.bindings = {"b", "late"};
  ASSERT_TRUE(set({stream}));
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 0);  // "late" has settled nothing
  stream.bindings = {"b"};
  ASSERT_TRUE(set({stream}));
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 3);
}

}  // namespace
}  // namespace pelton::store
