// SPDX-License-Identifier: Apache-2.0
// What is removed because nobody needs it any more, also when the process ends in the middle.
#include "engine/store/database.h"
#include "engine/store/keys.h"
#include "tests/unit/store/faulty_segments.h"
#include "tests/unit/store/store_fixture.h"

namespace pelton::store {
namespace {

class GarbageTest : public StoreFixture {
 protected:
  GarbageTest() { options.log_files = &files; }
  // Of a binding that was configured once.
  void leave_something(const std::string& name) {
    old = *store->binding_id(name);
    model::Transaction transaction;
    transaction.appends.push_back({at(), batch({"an event"})});
    transaction.progress.push_back({old, at(), {0, {}}});
    transaction.retries.push_back({old, at(), 0, model::RetryState{}});
    transaction.idempotency.push_back({old, from_us(1), {hash128("a key")}});
    model::DeadLetter& letter = transaction.dead_letters.emplace_back();
    letter.id = {old, PartitionId{0}, 7, {}};
    letter.event = batch({"a letter"});
    ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  }
  // Forgets; the name is gone, and then the disk fails.
  void forget_until_the_disk_fails(const std::function<Status()>& forget) {
    files.fail_at(3);  // a write and a sync of the group that takes the name away come first
    EXPECT_FALSE(forget());
    store.reset();
    files.heal();
  }
  std::size_t stored(Family family, std::uint32_t number) {
    std::string prefix;
    keys::put_u32(prefix, number);
    return stored(family, prefix);
  }
  std::size_t stored(Family family, const std::string& prefix) {
    store.reset();
    auto database = Database::open(options, 0, [](const std::string&) {});
    std::size_t found = 0;
    EXPECT_TRUE((*database)->scan(family, prefix, prefix, [&](auto, auto) { return ++found > 0; }));
    return found;
  }

  FaultySegments files;
  BindingId old;
};

TEST_F(GarbageTest, OfABindingIsRemovedAtTheNextStart) {
  open();
  leave_something("old");
  forget_until_the_disk_fails([this] { return store->forget_binding("old"); });
  open();
  EXPECT_EQ(store->forget_binding("old").error().code, "E4109");
  for (const Family family : {Family::cursors, Family::retries, Family::idempotency,
                              Family::dead_letters, Family::letter_keys})
    EXPECT_EQ(stored(family, old.value), 0U) << static_cast<int>(family);
  EXPECT_EQ(stored(Family::meta, "forgotten/"), 0U);
}

TEST_F(GarbageTest, OfAStreamIsRemovedAtTheNextStart) {
  open();
  leave_something("old");
  const StreamId number = at().stream;
  stream.name = "other";
  open();
  forget_until_the_disk_fails([this] { return store->forget_stream("s"); });
  stream.name = "s";
  open();
  EXPECT_NE(at().stream, number);
  EXPECT_EQ(store->bounds(at())->end, 0);
  EXPECT_FALSE(*store->cursor(old, {number, PartitionId{0}}));
  for (const Family family : {Family::index, Family::extents})
    EXPECT_EQ(stored(family, number.value), 0U) << static_cast<int>(family);
  EXPECT_EQ(stored(Family::retries, old.value), 0U);
  EXPECT_EQ(stored(Family::dead_letters, old.value), 1U) << "kept until the binding is forgotten";
  EXPECT_EQ(stored(Family::meta, "forgotten/"), 0U);
}

}  // namespace
}  // namespace pelton::store
