// SPDX-License-Identifier: Apache-2.0
#include "engine/store/store.h"

#include "engine/store/ledger.h"
#include "tests/unit/store/store_fixture.h"

#include <atomic>
#include <set>
#include <thread>

namespace pelton::store {
namespace {

using Strings = std::vector<std::string>;

model::DeadLetter letter(BindingId binding, Offset offset, const model::BatchPtr& event) {
  model::DeadLetter made;
  made.id = {binding, PartitionId{0}, offset};
  made.binding = "b";
  made.stream = "s";
  made.reason = "failed";
  made.retry.attempts = 2;
  made.retry.history.push_back({2, from_us(5), "error", "ValueError", "bad \xff", "", "w-1"});
  made.event = event;
  return made;
}

TEST_F(StoreFixture, OffsetsFollowWithoutGaps) {
  open();
  EXPECT_EQ(*append({"a", "b"}), 0);
  EXPECT_EQ(*append({"c"}), 2);
  EXPECT_EQ(*append({"x"}, 1), 0);
  EXPECT_EQ(read(), (Strings{"a", "b", "c"}));
  EXPECT_EQ(read(1), (Strings{"b", "c"}));
}

TEST_F(StoreFixture, EverythingIsThereAfterReopening) {
  open();
  append({"a", "b"});
  settle(1);
  open();
  EXPECT_EQ(read(), (Strings{"a", "b"}));
  EXPECT_EQ(store->cursor(binding, at())->value().settled, 1);
  EXPECT_EQ(*append({"c"}), 2);
}

TEST_F(StoreFixture, ALedgersEntriesGoWithWhatIsAppended) {
  open();
  const Ledger::KeyValue old{"old", "x"};
  ASSERT_TRUE(store->ledger().put("source", {&old, 1}));
  const std::uint64_t syncs = store->activity().syncs;
  model::Transaction transaction;
  transaction.appends.push_back({at(), batch({"a"})});
  transaction.ledger = {{"source", "position", "7"}, {"source", "old", std::nullopt}};
  EXPECT_FALSE(transaction.only_progress());
  ASSERT_TRUE(store->submit_and_wait(std::move(transaction), Origin::outside,
                                     std::chrono::steady_clock::now() + std::chrono::minutes(1)));
  EXPECT_EQ(store->activity().syncs, syncs + 1);
  open();
  EXPECT_EQ(read(), Strings{"a"});
  EXPECT_EQ(*store->ledger().get("source", "position"), "7");
  EXPECT_EQ(*store->ledger().get("source", "old"), std::nullopt);
}

TEST_F(StoreFixture, TheTailAndTheDiskAgree) {
  options.tail_bytes = 1 << 20;
  open();
  Strings expected;
  for (int i = 0; i < 200; ++i) {
    expected.push_back(std::to_string(i) + std::string(20'000, 'x'));
    append({expected.back()});
  }
  EXPECT_EQ(read(), expected);      // most of it from the disk
  EXPECT_EQ(read(195).size(), 5U);  // from the tail
}

TEST_F(StoreFixture, ManyProducersShareSyncs) {
  open();
  constexpr int kThreads = 32;
  constexpr int kEach = 50;
  std::atomic<int> failed{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i)
          if (!append({std::to_string(t) + "-" + std::to_string(i)})) ++failed;
      });
  }
  EXPECT_EQ(failed, 0);
  const Strings all = read();
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kThreads * kEach));
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
  EXPECT_LT(store->activity().syncs, store->activity().commits / 2);
}

TEST_F(StoreFixture, AppendedIsToldBeforeCommitted) {
  open();
  std::atomic<int> appended{0};
  store->set_append_listener([&](std::span<const model::PlacedBatch> batches) {
    appended += static_cast<int>(batches.size());
  });
  model::Transaction transaction;
  transaction.appends.push_back({at(), batch({"a"})});
  std::atomic<int> seen{-1};
  ASSERT_TRUE(store->submit(std::move(transaction), Origin::outside,
                            [&](Result<Committed>) { seen = appended.load(); }));
  append({"b"});
  EXPECT_EQ(seen, 1);
}

// An attempt is added to those that are stored, also in a later life and after a flush.
TEST_F(StoreFixture, AttemptsAreAddedToTheHistory) {
  constexpr std::uint32_t kAttempts = 40;
  for (std::uint32_t n = 1; n <= kAttempts; ++n) {
    if (n % 15 == 1) open();
    model::RetryState state{n, n / 2, from_us(100 + n), from_us(1), {}};
    state.history.push_back(
        {n, from_us(n), "error", "ValueError", std::string(4096, 'm'), "stack", "w-1"});
    model::Transaction transaction;
    transaction.retries.push_back({binding, at(), 6, state, n > 1});
    ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  }
  open();
  const auto retries = store->retries(binding, at());
  ASSERT_EQ(retries->size(), 1U);
  EXPECT_LT(model::bytes_of(*retries->front().state), 1'000U) << "memory keeps the last attempt";
  const model::RetryState state = *store->retry(binding, at(), 6);
  EXPECT_EQ(state.attempts, kAttempts);
  EXPECT_EQ(state.worker_kills, kAttempts / 2);
  EXPECT_EQ(state.next, from_us(100 + kAttempts));
  ASSERT_EQ(state.history.size(), model::kMaxHistory);
  EXPECT_EQ(state.history.back().number, kAttempts);
  EXPECT_EQ(state.history.back().message.size(), 4096U);
  EXPECT_LE(model::bytes_of(state), model::kMaxHistoryBytes);
}

// Whether they are stored, in the group before, or in the same one.
TEST_F(StoreFixture, ALetterTakesTheAttemptsThatWereWrittenBefore) {
  constexpr Offset kEvents = 200;
  open();
  const auto failed = [&](Offset offset, std::uint32_t attempt) {
    model::RetryState state{attempt, 0, from_us(attempt), from_us(1), {}};
    state.history.push_back({attempt, from_us(attempt), "error", "ValueError", "no", "", "w-1"});
    return model::Transaction::RetryUpdate{binding, at(), offset, state, attempt > 1};
  };
  for (std::uint32_t attempt = 1; attempt <= 4; ++attempt) {
    for (Offset offset = 0; offset < kEvents; ++offset) {
      model::Transaction transaction;
      transaction.retries.push_back(failed(offset, attempt));
      if (attempt == 4) transaction.retries.push_back(failed(offset, 5));
      ASSERT_TRUE(store->submit(std::move(transaction), Origin::engine, [](auto) {}));
      if (attempt < 4) continue;
      model::Transaction last;
      last.dead_letters.push_back(letter(binding, offset, batch({"poison"})));
      last.dead_letters.back().retry = *failed(offset, 6).state;
      last.retries.push_back({binding, at(), offset, std::nullopt, true});
      ASSERT_TRUE(store->submit(std::move(last), Origin::engine, [](auto) {}));
    }
    if (attempt == 2) open();
  }
  open();
  EXPECT_TRUE(store->retries(binding, at())->empty());
  for (Offset offset = 0; offset < kEvents; ++offset) {
    const auto found = store->dead_letter({binding, PartitionId{0}, offset});
    ASSERT_TRUE(*found);
    std::vector<std::uint32_t> numbers;
    for (const auto& attempt : (**found).retry.history) numbers.push_back(attempt.number);
    EXPECT_EQ(numbers, (std::vector<std::uint32_t>{1, 2, 3, 4, 5, 6})) << offset;
  }
}

TEST_F(StoreFixture, AttemptsOfASettledEventAreForgotten) {
  open();
  const auto update = [&](std::optional<model::RetryState> state, bool appends) {
    model::Transaction transaction;
    transaction.retries.push_back({binding, at(), 6, std::move(state), appends});
    ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  };
  model::RetryState state{1, 0, from_us(9), from_us(1), {}};
  state.history.push_back({1, from_us(1), "error", "ValueError", "no", "", "w-1"});
  update(state, false);
  update(state, true);
  update(std::nullopt, false);
  EXPECT_TRUE(store->retries(binding, at())->empty());
  update(state, false);
  open();
  EXPECT_EQ(store->retries(binding, at())->front().state->history.size(), 1U);
}

TEST_F(StoreFixture, ATransactionIsOneWrite) {
  open();
  model::Transaction transaction;
  transaction.appends.push_back({at(1), batch({"output"})});
  transaction.progress.push_back({binding, at(), {5, {{7, 9}, {12, 13}}}});
  transaction.retries.push_back(
      {binding, at(), 6, model::RetryState{2, 1, from_us(99), from_us(1), {}}});
  transaction.dead_letters.push_back(letter(binding, 4, batch({"poison"})));
  transaction.idempotency.push_back({binding, from_us(5'000'000), {hash128("k")}});
  ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  open();
  const model::Progress cursor = store->cursor(binding, at())->value();
  EXPECT_EQ(cursor.completed, (std::vector<OffsetRange>{{7, 9}, {12, 13}}));
  const auto retries = store->retries(binding, at());
  ASSERT_EQ(retries->size(), 1U);
  EXPECT_EQ(retries->front().state->attempts, 2U);
  const auto found = store->dead_letter({binding, PartitionId{0}, 4});
  ASSERT_TRUE(*found);
  EXPECT_EQ((**found).event->data(0), "poison");
  EXPECT_EQ((**found).retry.history.front().message, "bad \xef\xbf\xbd");
  EXPECT_EQ(store->dead_letter_count(binding), 1U);
  int records = 0;
  ASSERT_TRUE(
      store->completed_keys(binding, from_us(0), [&](const model::CompletedKeys& completed) {
        EXPECT_EQ(completed.fingerprints, std::vector{hash128("k")});
        ++records;
      }));
  EXPECT_EQ(records, 1);
}

TEST_F(StoreFixture, ALetterThatIsPurgedDuringItsReplayStaysPurged) {
  open();
  const auto write = [&](std::uint32_t replays) {
    model::Transaction transaction;
    transaction.dead_letters.push_back(letter(binding, 4, batch({"poison"})));
    transaction.dead_letters.back().replays = replays;
    ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  };
  const model::DeadLetterId id{binding, PartitionId{0}, 4};
  write(0);
  write(1);  // a replay that failed
  EXPECT_EQ((**store->dead_letter(id)).replays, 1U);
  model::Transaction purge;
  purge.dead_letters_removed.push_back(id);
  ASSERT_TRUE(commit(std::move(purge), Origin::engine));
  write(2);  // the next one was under way
  EXPECT_FALSE(*store->dead_letter(id));
  EXPECT_EQ(store->dead_letter_count(binding), 0U);
  open();
  EXPECT_FALSE(*store->dead_letter(id));
  write(0);  // after a seek it may fail once more
  EXPECT_EQ(store->dead_letter_count(binding), 1U);
}

TEST_F(StoreFixture, DeadLettersAreCountedOnce) {
  open();
  for (int round = 0; round < 2; ++round) {
    model::Transaction transaction;
    transaction.dead_letters.push_back(letter(binding, 4, batch({"poison"})));
    transaction.dead_letters.push_back(letter(binding, 9, batch({"poison"})));
    ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  }
  EXPECT_EQ(store->dead_letter_count(binding), 2U);
  std::vector<Offset> seen;
  ASSERT_TRUE(store->dead_letters(binding, model::DeadLetterId{binding, PartitionId{0}, 4},
                                  [&](const model::DeadLetter& l) {
                                    seen.push_back(l.id.offset);
                                    return true;
                                  }));
  EXPECT_EQ(seen, (std::vector<Offset>{9}));
  model::Transaction removal;
  removal.dead_letters_removed.push_back({binding, PartitionId{0}, 4});
  ASSERT_TRUE(commit(std::move(removal), Origin::engine));
  EXPECT_EQ(store->dead_letter_count(binding), 1U);
}

TEST_F(StoreFixture, ATimeIsFoundInTheStream) {
  open();
  for (int i = 0; i < 10; ++i) append({"e"}, 0, 1000 * (i + 1));
  EXPECT_EQ(*store->offset_at(at(), from_us(1)), 0);
  EXPECT_EQ(*store->offset_at(at(), from_us(3500)), 3);
  EXPECT_EQ(*store->offset_at(at(), from_us(99'000)), 10);
}

TEST_F(StoreFixture, LedgersAreKeptByConnector) {
  open();
  const Ledger::KeyValue entries[] = {{"a", "1"}, {"b", "2"}};
  ASSERT_TRUE(store->ledger().put("inbox", entries));
  const Ledger::KeyValue other[] = {{"a", "9"}};
  ASSERT_TRUE(store->ledger().put("inbox2", other));
  const Ledger::KeyValue removal[] = {{"b", std::nullopt}};
  ASSERT_TRUE(store->ledger().put("inbox", removal));
  open();
  EXPECT_EQ(store->ledger().get("inbox", "a")->value(), "1");
  EXPECT_FALSE(*store->ledger().get("inbox", "b"));
  int seen = 0;
  ASSERT_TRUE(store->ledger().scan("inbox", "", "", [&](auto, auto) { return ++seen > 0; }));
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace pelton::store
