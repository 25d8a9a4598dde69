// SPDX-License-Identifier: Apache-2.0
// An identity is never used twice: streams that are made again, renamed, or other topics.
#include "tests/unit/store/store_fixture.h"

namespace pelton::store {
namespace {

class Identity : public StoreFixture {
 protected:
  void bury(Offset offset, const std::string& data) {
    model::DeadLetter letter;
    letter.id = {binding, PartitionId{0}, offset, store->incarnation(at().stream)};
    letter.event = batch({data});
    model::Transaction transaction;
    transaction.dead_letters.push_back(std::move(letter));
    ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  }
  std::vector<std::string> letters() {
    std::vector<std::string> data;
    EXPECT_TRUE(store->dead_letters(binding, std::nullopt, [&](const model::DeadLetter& letter) {
      data.emplace_back(letter.event->data(0));
      return true;
    }));
    return data;
  }
  void reopen_as_topic(const std::string& topic) {
    stream.partitions = 0;
    stream.topic = topic;
    open();
  }
  void reopen_as_kept() {
    stream.partitions = 2;
    stream.topic.clear();
    open();
  }
  std::optional<Offset> progress() {
    auto stored = store->cursor(binding, at());
    return *stored ? std::optional((*stored)->settled) : std::nullopt;
  }
  void settle_with_retry(Offset offset) {
    model::Transaction transaction;
    transaction.progress.push_back({binding, at(), {offset, {}}});
    transaction.retries.push_back({binding, at(), offset + 1, model::RetryState{}});
    ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  }
};

TEST_F(Identity, ABindingThatReadsAnotherStreamKeepsTheLettersOfTheFirst) {
  open();
  bury(0, "of s");
  stream.name = "other";
  const StreamSpec streams[] = {stream};
  store.reset();
  store = std::move(*Store::open(options, streams));
  model::DeadLetter letter;
  letter.id = {binding, PartitionId{0}, 0, store->incarnation(*store->find_stream("other"))};
  letter.event = batch({"of other"});
  model::Transaction transaction;
  transaction.dead_letters.push_back(std::move(letter));
  ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  EXPECT_EQ(letters().size(), 2U);
  EXPECT_EQ(store->dead_letter_count(binding), 2U);
}

TEST_F(Identity, AStreamKeepsItsIncarnation) {
  open();
  const Incarnation first = store->incarnation(at().stream);
  EXPECT_NE(first, Incarnation{});
  open();
  EXPECT_EQ(store->incarnation(at().stream), first);
}

TEST_F(Identity, AKeptStreamInPlaceOfATopicIsANewOne) {
  reopen_as_topic("t");
  const Incarnation topic = store->incarnation(at().stream);
  settle_with_retry(70);
  bury(3, "of the topic");
  reopen_as_kept();
  EXPECT_NE(store->incarnation(at().stream), topic);
  EXPECT_EQ(progress(), std::nullopt);
  EXPECT_TRUE(store->retries(binding, at())->empty());
  EXPECT_EQ(*append({"first"}), 0);
  bury(3, "of the stream");
  EXPECT_EQ(letters().size(), 2U);
}

TEST_F(Identity, ATopicInPlaceOfAKeptStreamIsRefusedUntilThatIsForgotten) {
  open();
  ASSERT_TRUE(append({"kept"}));
  stream.partitions = 0;
  stream.topic = "t";
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E4103");
  EXPECT_NE(refused.error().message.find("pelton streams forget s"), std::string::npos);
}

TEST_F(Identity, AnotherTopicUnderTheNameIsANewStream) {
  reopen_as_topic("t");
  settle_with_retry(70);
  const StreamId first = at().stream;
  reopen_as_topic("t");
  EXPECT_EQ(progress(), 70);
  reopen_as_topic("u");
  EXPECT_NE(at().stream, first);
  EXPECT_EQ(progress(), std::nullopt);
}

TEST_F(Identity, ATopicThatWasMadeAgainIsNoticedByItsId) {
  reopen_as_topic("t");
  settle_with_retry(70);
  const auto first = store->identify(at().stream, "cluster/id-1");
  ASSERT_TRUE(first);
  EXPECT_EQ(progress(), 70) << "that it has an id was not known before";
  EXPECT_EQ(store->incarnation(at().stream), *first);
  open();
  EXPECT_EQ(store->identify(at().stream, "cluster/id-1"), *first);
  EXPECT_EQ(progress(), 70);
  const auto second = store->identify(at().stream, "cluster/id-2");
  ASSERT_TRUE(second);
  EXPECT_NE(*second, *first);
  EXPECT_EQ(progress(), std::nullopt);
  EXPECT_TRUE(store->retries(binding, at())->empty());
}

}  // namespace
}  // namespace pelton::store
