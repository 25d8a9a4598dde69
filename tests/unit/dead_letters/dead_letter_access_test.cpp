// SPDX-License-Identifier: Apache-2.0
#include "engine/dead_letters/dead_letter_access.h"

#include "engine/dead_letters/dead_letter_record.h"
#include "engine/dead_letters/dead_letter_topic.h"
#include "engine/model/dead_letter_text.h"
#include "tests/kafka/mock_cluster.h"
#include "tests/unit/store/store_fixture.h"

#include <gmock/gmock.h>

#include <future>

namespace pelton::dead_letters {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Bindings "b" and "c" on stream "s", whose letters are in the store.
class Letters : public store::StoreFixture {
 protected:
  void SetUp() override {
    stream.bindings = {"b", "c"};
    open();
    other = *store->binding_id("c");
    bindings.set({{"b", binding, at().stream}, {"c", other, at().stream}});
    access = std::make_unique<DeadLetterAccess>(
        *store,
        [this](const std::vector<model::DeadLetter>& letters, auto answer) {
          for (const model::DeadLetter& each : letters) replayed.push_back(each.id.offset);
          answer(dispatcher());
        },
        bindings, thread);
    thread.start();
  }
  void TearDown() override {
    thread.stop();
    StoreFixture::TearDown();
  }

  model::DeadLetter letter(Offset offset, BindingId of, const std::string& reason = "attempts") {
    model::DeadLetter letter;
    letter.id = {of, PartitionId{0}, offset, store->incarnation(at().stream)};
    letter.binding = of == other ? "c" : "b";
    letter.stream = "s";
    letter.reason = reason;
    letter.time = from_us(offset * 1'000'000);
    letter.event = batch({"event " + std::to_string(offset)});
    model::Attempt attempt;
    attempt.type = "ValueError";
    attempt.message = "no number in " + std::to_string(offset);
    letter.retry.history.push_back(attempt);
    return letter;
  }
  void bury(std::vector<model::DeadLetter> letters) {
    model::Transaction transaction;
    transaction.dead_letters = std::move(letters);
    ASSERT_TRUE(commit(std::move(transaction), store::Origin::engine));
  }
  std::string id(Offset offset) { return fmt::format("b/0/{}", offset); }

  template <typename T, typename Ask>
  static Result<T> wait(Ask ask) {
    std::promise<Result<T>> answer;
    ask(Answer<T>([&](Result<T> result) { answer.set_value(std::move(result)); }));
    return answer.get_future().get();
  }
  Result<Page> list(const Query& query) {
    return wait<Page>([&](auto answer) { access->dead_letters(query, std::move(answer)); });
  }
  std::vector<std::string> listed(const Query& query) {
    std::vector<std::string> out;
    const auto page = list(query);
    EXPECT_TRUE(page) << page.error().text();
    if (page)
      for (const model::DeadLetter& each : page->letters)
        out.push_back(fmt::format("{}@{}", each.binding, each.id.offset));
    return out;
  }
  Result<std::uint64_t> count(const Query& query) {
    return wait<std::uint64_t>(
        [&](auto answer) { access->count_dead_letters(query, std::move(answer)); });
  }
  Result<std::uint64_t> purge(const std::vector<std::string>& ids) {
    return wait<std::uint64_t>([&](auto answer) { access->purge(ids, std::move(answer)); });
  }

  BindingId other;
  KnownBindings bindings;
  pelton::thread::JobThread thread;
  std::vector<Offset> replayed;
  // In place of the engine's dispatchers.
  std::function<Result<ReplayCount>()> dispatcher = [] { return ReplayCount{.accepted = 1}; };
  std::unique_ptr<DeadLetterAccess> access;
};

TEST_F(Letters, AreListedBindingByBindingInTheOrderOfTheirOffsets) {
  bury({letter(5, other), letter(9, binding), letter(2, binding)});
  EXPECT_THAT(listed({}), ElementsAre("b@2", "b@9", "c@5"));
  EXPECT_THAT(listed({.binding = "c"}), ElementsAre("c@5"));
}

TEST_F(Letters, APageEndsWithItsLimitAndContinuesBehindAnId) {
  bury({letter(1, binding), letter(2, binding), letter(3, binding), letter(4, other)});
  const auto page = list({.limit = 2});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->letters.size(), 2U);
  EXPECT_TRUE(page->more);
  EXPECT_THAT(listed({.after = id(2)}), ElementsAre("b@3", "c@4"));
  EXPECT_THAT(listed({.binding = "b", .after = id(3)}), IsEmpty());
}

TEST_F(Letters, APageEndsWithTheLetterThatReachesItsBytes) {
  bury({letter(1, binding), letter(2, binding), letter(3, binding)});
  const auto page = list({.bytes = 1});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->letters.size(), 1U) << "one in any case";
  EXPECT_TRUE(page->more);
}

TEST_F(Letters, AreFoundByWhatFailed) {
  bury({letter(1, binding), letter(2, binding, "worker_killer"), letter(30, binding)});
  EXPECT_THAT(listed({.reason = "worker_killer"}), ElementsAre("b@2"));
  EXPECT_THAT(listed({.contains = "number in 3"}), ElementsAre("b@30"));
  EXPECT_THAT(listed({.contains = "ValueError"}), ElementsAre("b@1", "b@2", "b@30"));
  EXPECT_THAT(listed({.since = from_us(2'000'000), .until = from_us(30'000'000)}),
              ElementsAre("b@2"))
      << "from the one, before the other";
  EXPECT_THAT(listed({.partition = 1}), IsEmpty());
}

TEST_F(Letters, AreCountedWhateverTheLimitOfAPage) {
  bury({letter(1, binding), letter(2, binding, "worker_killer"), letter(3, other)});
  EXPECT_EQ(count({.limit = 1}), 3U);
  EXPECT_EQ(count({.binding = "b", .after = id(1), .limit = 1}), 2U);
  EXPECT_EQ(count({.reason = "worker_killer"}), 1U);
  EXPECT_EQ(count({.partition = 1}), 0U);
}

TEST_F(Letters, ABindingThatIsNotThereIsAnError) {
  EXPECT_EQ(list({.binding = "x"}).error().code, "E5001");
  EXPECT_EQ(count({.binding = "x"}).error().code, "E5001");
  EXPECT_EQ(count({.binding = "x", .reason = "attempts"}).error().code, "E5001");
}

TEST_F(Letters, OneIsShownByItsIdShortOrWhole) {
  const auto buried = letter(4, binding);
  bury({buried});
  for (const std::string& text : {id(4), model::dead_letter_text("b", buried.id)}) {
    const auto shown =
        wait<model::DeadLetter>([&](auto answer) { access->dead_letter(text, std::move(answer)); });
    ASSERT_TRUE(shown) << shown.error().text();
    EXPECT_EQ(shown->id, buried.id);
    EXPECT_EQ(shown->event->data(0), "event 4");
  }
}

TEST_F(Letters, AnIdThatIsNoneOrNotThereIsAnError) {
  const auto show = [&](const std::string& text) {
    return wait<model::DeadLetter>(
               [&](auto answer) { access->dead_letter(text, std::move(answer)); })
        .error()
        .code;
  };
  EXPECT_EQ(show(id(4)), "E5001");
  EXPECT_EQ(show("x/0/4"), "E5001");
  EXPECT_EQ(show("b/0"), "E5002");
  EXPECT_EQ(purge({"b/0/-"}).error().code, "E5002");
}

// Another stream of the name had an event at the same offset.
TEST_F(Letters, AnIdOfAnotherIncarnationIsAnotherLetter) {
  auto of_before = letter(4, binding);
  of_before.id.stream = Incarnation{of_before.id.stream.value + 1};
  bury({of_before});
  EXPECT_EQ(purge({id(4)}), 0U);
  EXPECT_EQ(purge({model::dead_letter_text("b", of_before.id)}), 1U);
}

TEST_F(Letters, APurgeRemovesThoseThatAreThere) {
  bury({letter(1, binding), letter(2, binding)});
  EXPECT_EQ(purge({id(1), id(1), id(7)}), 1U) << "each once";
  EXPECT_THAT(listed({}), ElementsAre("b@2"));
  EXPECT_EQ(purge({id(1)}), 0U);
}

TEST_F(Letters, AReplayGetsTheLettersAndCountsWhatIsMissing) {
  bury({letter(1, binding), letter(2, binding)});
  const auto replay = [&](const std::vector<std::string>& ids) {
    return wait<ReplayCount>([&](auto answer) { access->replay(ids, std::move(answer)); });
  };
  const auto count = replay({id(2), id(1), id(9)});
  ASSERT_TRUE(count);
  EXPECT_EQ(count->accepted, 1U) << "as the dispatchers say";
  EXPECT_EQ(count->missing, 1U);
  EXPECT_THAT(replayed, ElementsAre(1, 2));
  dispatcher = [] { return fail(ErrorKind::overloaded, "E5010", "full"); };
  EXPECT_EQ(replay({id(1)}).error().code, "E5010");
}

// ---- letters of "c" in a topic, those of "b" in the store

class LettersInATopic : public Letters {
 protected:
  void SetUp() override {
    Letters::SetUp();
    const auto settings = brokers.topic("letters");
    auto producer = kafka::Producer::create(settings, loop);
    ASSERT_TRUE(producer) << producer.error().text();
    topic = std::make_unique<DeadLetterTopic>(settings, std::move(*producer), thread);
    topic->add_member("c", other, "orders");
    loop.start();
    bindings.set({{"b", binding, at().stream}, {"c", other, at().stream, topic.get()}});
  }
  void TearDown() override {
    thread.stop();
    loop.stop();
    Letters::TearDown();
  }
  // Acknowledged when it returns.
  void write(Offset offset) {
    const auto kept = letter(offset, other);
    std::promise<void> written;
    topic->write({letter_record(kept, record_of(*kept.event, 0), {"orders"})},
                 [&](const auto& refused) {
                   EXPECT_TRUE(refused.empty());
                   written.set_value();
                 });
    written.get_future().wait();
  }

  test::MockCluster brokers;
  kafka::PollLoop loop;
  std::unique_ptr<DeadLetterTopic> topic;
};

TEST_F(LettersInATopic, AreOneListWithThoseOfTheStore) {
  bury({letter(1, binding), letter(9, other)});
  write(5);
  EXPECT_THAT(listed({}), ElementsAre("b@1", "c@5", "c@9"))
      << "one that the topic refused is in the store";
  EXPECT_EQ(count({}), 3U);
  EXPECT_EQ(count({.contains = "number in 5"}), 1U);
}

TEST_F(LettersInATopic, APurgeEndsThemWhereverTheyAre) {
  bury({letter(1, binding), letter(9, other)});
  write(5);
  EXPECT_EQ(purge({id(1), "c/0/5", "c/0/9"}), 3U);
  EXPECT_THAT(listed({}), IsEmpty());
  EXPECT_EQ(brokers.read("letters").size(), 2U) << "the letter, and the marker behind it";
}

TEST_F(LettersInATopic, WhileItsBrokersAreAwayTheListSaysSo) {
  write(5);
  brokers.set_down(true);
  const auto page = list({.binding = "c"});
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(list({.binding = "b"})) << "the store is here";
}

TEST(KnownBindings, WhatWasThereIsKnownByItsNumber) {
  KnownBindings bindings;
  bindings.set({{"b", BindingId{1}, StreamId{1}}});
  const KnownBinding* const before = bindings.find("b");
  ASSERT_NE(before, nullptr);
  bindings.set({{"c", BindingId{2}, StreamId{1}}});
  EXPECT_EQ(bindings.find("b"), nullptr);
  EXPECT_EQ(&bindings.of(BindingId{1}), before) << "requests may still hold it";
  EXPECT_EQ(bindings.all().size(), 1U);
  bindings.set({{"b", BindingId{1}, StreamId{1}}});
  EXPECT_EQ(bindings.find("b"), before);
}

TEST(KnownBindings, ABindingOfTheNameOnAnotherStreamIsAnother) {
  KnownBindings bindings;
  bindings.set({{"b", BindingId{1}, StreamId{1}}});
  bindings.set({{"b", BindingId{1}, StreamId{2}}});
  EXPECT_EQ(bindings.find("b")->stream, StreamId{2});
  EXPECT_EQ(bindings.of(BindingId{1}).stream, StreamId{2}) << "as it is now";
}

}  // namespace
}  // namespace pelton::dead_letters
