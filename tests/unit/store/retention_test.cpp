// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/store_fixture.h"

#include <atomic>
#include <thread>

namespace pelton::store {
namespace {

class Retention : public StoreFixture {
 protected:
  Retention() {
    options.now = [this] { return clock.load(); };
  }
  void append_extents(int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(append({std::string(1'100'000, 'x')}));
  }
  void pass(Duration time) { clock = clock.load() + time; }
  void settle_as(const std::string& other, model::Progress cursor) {
    model::Transaction transaction;
    transaction.progress.push_back({*store->binding_id(other), at(), std::move(cursor)});
    ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  }

  std::atomic<WallTime> clock{from_us(1'700'000'000'000'000)};
};

TEST_F(Retention, ByTimeDropsWhatIsOldAndSettled) {
  stream.retention_time = std::chrono::hours(1);
  open();
  append_extents(3);
  pass(std::chrono::hours(2));
  append_extents(1);
  settle(4);
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 3);
  EXPECT_EQ(read(0).size(), 1U);
}

// Devices believe what they like: an event of 2099 pins nothing, one of 1970 is not dropped early.
TEST_F(Retention, GoesByTheTimeOfAppendNotOfTheEvent) {
  stream.retention_time = std::chrono::hours(1);
  open();
  ASSERT_TRUE(append({std::string(1'100'000, 'x')}, 0, 4'000'000'000'000'000));
  ASSERT_TRUE(append({std::string(1'100'000, 'x')}, 0, 1000));
  settle(2);
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 0);
  pass(std::chrono::hours(2));
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 2);
}

TEST_F(Retention, BySizeKeepsTheNewest) {
  stream.retention_bytes = 6'600'000;  // 3.3 MB for each partition
  open();
  append_extents(6);
  settle(6);
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 4);
  EXPECT_EQ(store->bounds(at())->end, 6);
}

// A seek waits for workers before it moves.
TEST_F(Retention, NeverDropsWhatIsHeld) {
  stream.retention_time = std::chrono::hours(1);
  open();
  append_extents(3);
  settle(3);
  pass(std::chrono::hours(2));
  auto first = store->hold(at(), 1);
  auto second = store->hold(at(), 1);
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 1);
  first.reset();
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 1) << "the other one still holds it";
  second.reset();
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 3);
}

TEST_F(Retention, ForcedDropsWhatIsHeld) {
  stream.retention_time = std::chrono::hours(1);
  stream.retention_force = true;
  open();
  append_extents(3);
  settle(3);
  pass(std::chrono::hours(2));
  const auto held = store->hold(at(), 1);
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 3);
}

TEST_F(Retention, NeverDropsWhatABindingHasNotSettled) {
  stream.retention_time = std::chrono::hours(1);
  open();
  append_extents(3);
  pass(std::chrono::hours(2));
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 0);  // no cursor yet
  settle(1);
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 1);
}

TEST_F(Retention, TheSlowestBindingCountsAndOneMoreIsWaitedFor) {
  stream.retention_time = std::chrono::hours(1);
  stream.bindings = {"b", "slow"};
  open();
  append_extents(4);
  pass(std::chrono::hours(2));
  settle(4);
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 0) << "slow has no cursor yet";
  settle_as("slow", {1, {{2, 4}}});
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 1) << "what is settled beyond a gap does not count";
  EXPECT_EQ(store->stats(at())->dropped_unsettled, 0U);
  EXPECT_EQ(read(1).size(), 3U);
}

TEST_F(Retention, BySizeNeverDropsWhatABindingHasNotSettled) {
  stream.retention_bytes = 2'400'000;  // less than the six extents, for each partition
  open();
  append_extents(6);
  settle(2);
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 2);
  EXPECT_EQ(store->stats(at())->dropped_unsettled, 0U);
}

TEST_F(Retention, ForceDropsAndCounts) {
  stream.retention_time = std::chrono::hours(1);
  stream.retention_force = true;
  open();
  std::string notice;
  store->set_notice_listener([&](const std::string& sentence) { notice = sentence; });
  append_extents(3);
  pass(std::chrono::hours(2));
  settle(1);
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 3);
  EXPECT_EQ(store->stats(at())->dropped_unsettled, 2U);
  EXPECT_NE(notice.find("dropped 2 unsettled events of stream s"), std::string::npos) << notice;
}

TEST_F(Retention, OffsetsGoOnAfterEverythingIsDropped) {
  stream.retention_time = std::chrono::hours(1);
  open();
  append_extents(2);
  pass(std::chrono::hours(2));
  settle(2);
  store->run_maintenance();
  ASSERT_EQ(store->bounds(at())->earliest, 2);
  open();
  EXPECT_EQ(store->bounds(at())->end, 2);
  EXPECT_EQ(*append({"next"}), 2);
}

TEST_F(Retention, AnExtentDroppedBeforeItWasStoredStaysAway) {
  stream.retention_time = std::chrono::hours(1);
  open();
  append_extents(3);  // the last append closes the second extent; the next group would store it
  pass(std::chrono::hours(2));
  settle(3);
  store->run_maintenance();
  ASSERT_TRUE(append({"next"}));
  open();
  EXPECT_EQ(store->bounds(at())->earliest, 3);
  EXPECT_EQ(read(), (std::vector<std::string>{"next"}));
}

TEST_F(Retention, ReadersNeverMistakeItForDamage) {
  stream.retention_bytes = 5'000'000;
  options.tail_bytes = 0;
  open();
  std::atomic<bool> end{false};
  std::jthread reader([&] {
    while (!end) {
      const auto batches = store->read(at(), 0, 3'000'000);
      EXPECT_TRUE(batches) << batches.error().text();
    }
  });
  for (int i = 1; i <= 40; ++i) {
    append_extents(1);
    settle(i);
    store->run_maintenance();
  }
  end = true;
  reader.join();
  EXPECT_GT(store->bounds(at())->earliest, 30);
}

TEST_F(Retention, TakesOneWriteForAllPartitions) {
  stream.retention_time = std::chrono::hours(1);
  stream.partitions = 40;
  stream.bindings = {};
  open();
  for (std::uint32_t p = 0; p < 40; ++p)
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(append({"e"}, p));
  pass(std::chrono::hours(2));
  const std::uint64_t before = store->activity().commits;
  store->run_maintenance();
  EXPECT_EQ(store->activity().commits - before, 1U);
  for (std::uint32_t p = 0; p < 40; ++p) EXPECT_EQ(store->bounds(at(p))->earliest, 3);
  ASSERT_TRUE(append({"next"}));
  EXPECT_EQ(read(), (std::vector<std::string>{"next"}));
}

// A binding that was taken out of the config comes back to what it has not settled.
TEST_F(Retention, WaitsForABindingThatIsNotConfiguredUntilItIsForgotten) {
  stream.retention_time = std::chrono::hours(1);
  stream.bindings = {"b", "gone"};
  open();
  append_extents(3);
  settle(3);
  settle_as("gone", {1, {}});
  stream.bindings = {"b"};
  open();
  std::string said;
  store->set_notice_listener([&](const std::string& sentence) { said += sentence; });
  EXPECT_NE(said.find("stream s keeps 2 events for binding gone"), std::string::npos) << said;
  pass(std::chrono::hours(2));
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 1);
  ASSERT_TRUE(store->forget_binding("gone"));
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 3);
  EXPECT_EQ(store->forget_binding("gone").error().code, "E4109");
  open();
  EXPECT_FALSE(*store->cursor(*store->binding_id("gone"), at())) << "it begins as a new one";
}

TEST_F(Retention, AConfiguredBindingForgetsOnlyWhatItDoesNotRead) {
  stream.retention_time = std::chrono::hours(1);
  open();
  append_extents(2);
  settle(1);
  stream.name = "other";
  const StreamSpec first = {.name = "s",
                            .partitions = 2,
                            .retention_time = std::chrono::hours(1),
                            .retention_bytes = {},
                            .bindings = {},
                            .topic = {}};
  const StreamSpec streams[] = {first, stream};
  store.reset();
  store = std::move(*Store::open(options, streams));
  model::Transaction transaction;
  transaction.progress.push_back(
      {binding, {*store->find_stream("other"), PartitionId{0}}, {0, {}}});
  ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  ASSERT_TRUE(store->forget_binding("b"));
  EXPECT_FALSE(*store->cursor(binding, at()));
  EXPECT_TRUE(*store->cursor(binding, {*store->find_stream("other"), PartitionId{0}}));
  pass(std::chrono::hours(2));
  store->run_maintenance();
  EXPECT_EQ(store->bounds(at())->earliest, 2);
}

// Taken out of the config while the store is open, with events in the tail.
TEST_F(Retention, AStreamIsForgottenWhileItsEventsAreInMemory) {
  options.tail_bytes = 10'000;
  open();
  const auto append = [&](model::StreamPartition to) {
    model::Transaction transaction;
    transaction.appends.push_back({to, batch({std::string(3000, 'x')})});
    return commit(std::move(transaction), Origin::engine);
  };
  const model::StreamPartition gone = at();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(gone));
  stream.name = "other";
  const StreamSpec streams[] = {stream};
  ASSERT_TRUE(store->set_streams(streams));
  ASSERT_TRUE(store->forget_stream("s"));
  EXPECT_EQ(store->read(gone, 0, 1).error().code, "E4107");
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(append({*store->find_stream("other"), PartitionId{0}})) << i;
}

TEST_F(Retention, AForgottenStreamGivesItsSpaceBack) {
  options.segment_bytes = 1 << 20;
  options.free_space = [](const auto&) { return std::uint64_t{100}; };  // no spare segments
  options.free_space_bytes = 1000;
  open();
  for (int i = 0; i < 5; ++i) {
    model::Transaction transaction;
    transaction.appends.push_back({at(), batch({std::string(1'100'000, 'x')})});
    ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  }
  EXPECT_EQ(store->forget_stream("s").error().code, "E4110");
  const StreamId number = at().stream;
  stream.name = "other";
  const StreamSpec streams[] = {stream};
  store.reset();
  store = std::move(*Store::open(options, streams));
  ASSERT_TRUE(store->forget_stream("s"));
  EXPECT_EQ(store->forget_stream("s").error().code, "E4109");
  store->run_maintenance();
  store->run_maintenance();
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(options.data / "log"))
    bytes += file.file_size();
  EXPECT_LT(bytes, 2'500'000U);
  stream.name = "s";
  open();
  EXPECT_NE(at().stream, number) << "a number is not given again";
  EXPECT_EQ(store->bounds(at())->end, 0);
}

}  // namespace
}  // namespace pelton::store
