// SPDX-License-Identifier: Apache-2.0
// Completed idempotency keys on disk.
#include "tests/unit/store/store_fixture.h"

namespace pelton::store {
namespace {

using std::chrono::hours;

class CompletedKeys : public StoreFixture {
 protected:
  CompletedKeys() {
    options.now = [this] { return clock; };
    open();
  }
  void complete(const std::vector<std::string>& keys, WallTime time) {
    model::Transaction transaction;
    add(transaction, keys, time);
    ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  }
  void add(model::Transaction& transaction, const std::vector<std::string>& keys, WallTime time) {
    model::CompletedKeys& completed = transaction.idempotency.emplace_back();
    completed.binding = binding;
    completed.time = time;
    for (const std::string& key : keys) completed.fingerprints.push_back(hash128(key));
  }
  // The records of the binding since then.
  std::vector<model::CompletedKeys> stored(WallTime since = {}) { return stored(binding, since); }
  std::vector<model::CompletedKeys> stored(BindingId of, WallTime since = {}) {
    std::vector<model::CompletedKeys> found;
    EXPECT_TRUE(store->completed_keys(
        of, since, [&](const model::CompletedKeys& keys) { found.push_back(keys); }));
    return found;
  }

  WallTime clock = from_us(1'700'000'000'000'000);
};

TEST_F(CompletedKeys, AreOneRecordACommit) {
  complete({"a", "b", "c"}, clock);
  open();
  const auto records = stored();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].binding, binding);
  EXPECT_EQ(records[0].time, clock);
  EXPECT_EQ(records[0].fingerprints, (std::vector{hash128("a"), hash128("b"), hash128("c")}));
}

// With slow functions, a commit is of one event. The latest time counts for all: a key is not
// forgotten before its own.
TEST_F(CompletedKeys, OfOneGroupAreOneRecord) {
  model::Transaction transaction;
  add(transaction, {"a"}, clock + Duration{5});
  add(transaction, {"b"}, clock);
  ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  complete({"c"}, clock);
  const auto records = stored();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].fingerprints, (std::vector{hash128("c")})) << "of another group";
  EXPECT_EQ(records[1].time, clock + Duration{5});
  EXPECT_EQ(records[1].fingerprints, (std::vector{hash128("a"), hash128("b")}));
}

TEST_F(CompletedKeys, OfOneGroupAndSeveralBindingsStayApart) {
  const BindingId other = *store->binding_id("other");
  model::Transaction transaction;
  add(transaction, {"a"}, clock);
  add(transaction, {"b"}, clock);
  transaction.idempotency.back().binding = other;
  ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  ASSERT_EQ(stored().size(), 1U);
  EXPECT_EQ(stored().front().fingerprints, (std::vector{hash128("a")}));
  ASSERT_EQ(stored(other).size(), 1U);
  EXPECT_EQ(stored(other).front().fingerprints, (std::vector{hash128("b")}));
}

TEST_F(CompletedKeys, ComeOldestFirst) {
  for (const int hour : {5, 1, 3, 2, 4}) complete({std::to_string(hour)}, from_us(0) + hours(hour));
  std::vector<Hash128> order;
  for (const auto& record : stored(from_us(0) + hours(2)))
    order.push_back(record.fingerprints.front());
  EXPECT_EQ(order, (std::vector{hash128("2"), hash128("3"), hash128("4"), hash128("5")}));
}

TEST_F(CompletedKeys, AreDroppedByGeneration) {
  store->set_idempotency_ttl(binding, hours(1));
  const WallTime begin = model::generation_begin(clock, hours(1));
  complete({"too old"}, begin - hours(1) - Duration{1});
  complete({"old"}, begin - hours(1));
  complete({"new"}, clock);
  store->run_maintenance();
  EXPECT_EQ(stored().size(), 2U);
  clock = begin + hours(1);
  store->run_maintenance();
  ASSERT_EQ(stored().size(), 1U);
  EXPECT_EQ(stored()[0].fingerprints.front(), hash128("new"));
}

// An hour of a busy binding must not be looked at again with every round of maintenance.
TEST_F(CompletedKeys, AreNotLookedAtWhileNoGenerationEnds) {
  store->set_idempotency_ttl(binding, hours(1));
  complete({"a"}, clock);
  store->run_maintenance();
  const std::uint64_t before = store->activity().commits;
  for (int i = 0; i < 5; ++i) store->run_maintenance();
  EXPECT_EQ(store->activity().commits, before);
}

TEST_F(CompletedKeys, GoWithTheirBinding) {
  const BindingId other = *store->binding_id("other");
  model::Transaction transaction;
  add(transaction, {"a"}, clock);
  transaction.idempotency.front().binding = other;
  add(transaction, {"b"}, clock);
  ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  ASSERT_TRUE(store->forget_binding("other"));
  EXPECT_EQ(stored().size(), 1U);
  EXPECT_TRUE(stored(other).empty());
}

}  // namespace
}  // namespace pelton::store
