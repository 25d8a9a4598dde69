// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/result_follower.h"

#include "engine/base/run_clock.h"
#include "engine/store/ledger.h"
#include "tests/contract/temporary_folder.h"
#include "tests/unit/http/stored_call.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

namespace pelton::runtime {
namespace {

http::RequestKey key_named(const std::string& name) {
  return {name, {1, 2}};
}

// A stored call, or its result.
model::BatchPtr stored(const std::string& name, bool result) {
  model::EventView event;
  event.id = "id-" + name;
  const model::BatchPtr call = http::stored_call(event, key_named(name), config::Exchange::native);
  if (!result) return call;
  model::BatchBuilder builder;
  http::add_result(*call, {200, "text/plain", name}, SystemClock().now(), builder);
  return builder.finish();
}

// A stream of one partition: a batch at a time, from what was put there.
class Stored final : public stream::StreamReader {
 public:
  void put(model::BatchPtr batch) {
    std::lock_guard lock(mutex_);
    batches_.push_back(std::move(batch));
  }
  void fail_once() { fails_ = true; }
  Offset first_asked() const { return first_asked_; }
  int reads() const { return reads_; }
  void partitions(Answer<std::uint32_t> answer) override { answer(1); }
  void read(const stream::ReadRequest& request, Answer<stream::ReadAnswer> answer) override {
    std::lock_guard lock(mutex_);
    if (first_asked_ < 0) first_asked_ = request.from.offset;
    ++reads_;
    if (fails_.exchange(false))
      return answer(fail(ErrorKind::unavailable, "E4101", "the disk is slow"));
    const Offset from = request.from.offset;
    const auto end = static_cast<Offset>(batches_.size());
    stream::ReadAnswer page{from, from, end, from >= end, {}};
    if (from < end) {
      page.batches.push_back({{}, from, batches_[static_cast<std::size_t>(from)]});
      page.next = from + 1;
      page.at_end = page.next >= end;
    }
    answer(std::move(page));
  }

 private:
  std::mutex mutex_;
  std::vector<model::BatchPtr> batches_;  // guarded by mutex_
  std::atomic<Offset> first_asked_{-1};
  std::atomic<bool> fails_{false};
  std::atomic<int> reads_{0};
};

class Follower : public testing::Test {
 protected:
  Follower() {
    store::StreamSpec spec;
    spec.name = "r.results";
    store::Options options;
    options.data = folder.path();
    options.ballast_bytes = 0;
    store = std::move(*store::Store::open(options, std::span(&spec, 1)));
    place = {*store->find_stream("r.results"), PartitionId{0}};
    begin_engine();
    reading.start();
  }
  ~Follower() override { reading.stop(); }

  void start(model::Progress settled = {}) {
    follower = std::make_unique<ResultFollower>(ResultFollower::Setup{
        kept, place.stream, calls, results, std::make_shared<ResultIndex>(*store, place.stream),
        std::move(settled), appends, reading, mailbox, io});
    follower->start();
  }
  // As if the engine had ended: what was remembered is gone, what was stored is there.
  void begin_engine() {
    follower.reset();
    kept = std::make_shared<http::KeptCalls>(clock);
    kept->set_limits({std::chrono::hours(1), 10'000, 100});
  }
  // A result that became durable.
  void append(const std::string& name, bool passed_on = true) {
    const model::BatchPtr batch = stored(name, true);
    results->put(batch);
    if (passed_on) appends.appended(std::vector{model::PlacedBatch{place, end, batch}});
    ++end;
  }
  // "begun", "stored N" or "refused N".
  std::string ask(const std::string& name) {
    const auto answer =
        kept->begin(key_named(name), "id-" + name,
                    {std::chrono::steady_clock::now() + std::chrono::hours(1),
                     [this, name](const net::Response& response) { replies[name] = response.body; },
                     [](http::CallFailure::Kind) { return net::Response{}; }});
    if (const auto* at = std::get_if<http::KeptCalls::Stored>(&answer))
      return fmt::format("stored {}", at->result);
    if (const auto* why = std::get_if<http::KeptCalls::Refusal>(&answer))
      return fmt::format("refused {}", static_cast<int>(*why));
    return "begun";
  }
  template <typename Condition>
  void run_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition() && std::chrono::steady_clock::now() < deadline)
      io.run_one_for(std::chrono::milliseconds(10));
    EXPECT_TRUE(condition());
  }
  bool loaded() { return ask("probe") != "refused 0"; }

  boost::asio::io_context io{1};
  const boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{
      io.get_executor()};
  thread::Mailbox mailbox{io};
  thread::JobThread reading;
  stream::AppendFeed appends{mailbox, nullptr};
  RunClock clock;
  test::TemporaryFolder folder;
  std::unique_ptr<store::Store> store;
  model::StreamPartition place;
  std::shared_ptr<http::KeptCalls> kept;
  std::shared_ptr<Stored> calls = std::make_shared<Stored>();
  std::shared_ptr<Stored> results = std::make_shared<Stored>();
  std::unique_ptr<ResultFollower> follower;
  std::map<std::string, std::string> replies;
  Offset end = 0;
};

TEST_F(Follower, ReadsWhatWasStoredBeforeTheStart) {
  for (const char* name : {"a", "b", "c", "d"}) calls->put(stored(name, false));
  append("b", false);
  // The first has been settled and its result is gone, as has the third, out of order.
  start({1, {{2, 3}}});
  EXPECT_EQ(ask("d"), "refused 0");
  run_until([&] { return loaded(); });
  EXPECT_EQ(calls->first_asked(), 1) << "nothing that is settled is read";
  EXPECT_EQ(ask("a"), "begun");
  EXPECT_EQ(ask("b"), "stored 0");
  EXPECT_EQ(ask("c"), "begun");
  EXPECT_EQ(ask("d"), "refused 1") << "it is under way";
}

TEST_F(Follower, TellsOfEachResult) {
  start();
  run_until([&] { return loaded(); });
  EXPECT_EQ(ask("a"), "begun");
  append("a");
  run_until([&] { return replies.contains("a"); });
  EXPECT_EQ(replies["a"], "a");
  EXPECT_EQ(ask("a"), "stored 0");
}

TEST_F(Follower, ReadsResultsThatWereNotPassedOn) {
  start();
  run_until([&] { return loaded(); });
  EXPECT_EQ(ask("a"), "begun");
  append("a", false);
  append("b");
  run_until([&] { return kept->counts().results == 2; });
  EXPECT_EQ(replies["a"], "a");
  EXPECT_EQ(ask("b"), "stored 1");
}

TEST_F(Follower, ReadsAgainWhenItCouldNot) {
  calls->put(stored("a", false));
  calls->fail_once();
  start();
  run_until([&] { return loaded(); });
  EXPECT_EQ(ask("a"), "refused 1");
}

TEST_F(Follower, AnotherOneContinuesForTheSameRoute) {
  start();
  run_until([&] { return loaded(); });
  EXPECT_EQ(ask("a"), "begun");
  follower.reset();
  append("a");
  start();
  run_until([&] { return replies.contains("a"); });
  EXPECT_EQ(ask("a"), "stored 0");
}

class IndexedResults : public Follower {
 protected:
  // Results that are all known to a new engine.
  void append_many(int count) {
    start();
    run_until([&] { return loaded(); });
    for (int i = 0; i < count; ++i) append(fmt::format("r{}", i));
    run_until([&] { return kept->counts().results == static_cast<std::size_t>(count); });
    run_until([&] { return entries() == static_cast<std::size_t>(count) / 1024; });
  }
  std::size_t entries() {
    std::size_t count = 0;
    EXPECT_TRUE(store->ledger().scan(store::ledger_of(place.stream), "", "", [&](auto, auto) {
      ++count;
      return true;
    }));
    return count;
  }
  // How many results a new engine reads until it knows them all.
  int reads_of_a_start() {
    const int before = results->reads();
    begin_engine();
    start();
    run_until([&] { return loaded(); });
    return results->reads() - before;
  }
};

TEST_F(IndexedResults, AreNotReadAtAStart) {
  append_many(3000);
  EXPECT_LE(reads_of_a_start(), 3000 - 2048);
  EXPECT_EQ(kept->counts().results, 3000U);
  for (const int i : {0, 1023, 1024, 2047, 2048, 2999})
    EXPECT_EQ(ask(fmt::format("r{}", i)), fmt::format("stored {}", i));
  append("new");
  run_until([&] { return ask("new") == "stored 3000"; });
}

TEST_F(IndexedResults, AreReadWhereTheIndexHasAGapOrIsDamaged) {
  append_many(3000);
  const std::string second = "results/0000000000000400";
  for (const std::optional<std::string>& value : {std::optional<std::string>("damage"), {}}) {
    const std::vector<store::Ledger::KeyValue> change{{second, value}};
    ASSERT_TRUE(store->ledger().put(store::ledger_of(place.stream), change));
    const int reads = reads_of_a_start();
    EXPECT_GE(reads, 3000 - 1024);
    EXPECT_EQ(ask("r1500"), "stored 1500");
    run_until([&] { return entries() == 2; });
  }
  EXPECT_LE(reads_of_a_start(), 3000 - 2048) << "what was missing is there again";
}

TEST_F(IndexedResults, OneThatContinuesReadsAFew) {
  append_many(1500);
  const int before = results->reads();
  start();
  append("last");
  run_until([&] { return ask("last") == "stored 1500"; });
  EXPECT_LE(results->reads() - before, 1500 - 1024 + 3);
  EXPECT_EQ(ask("r0"), "stored 0");
}

TEST_F(Follower, CallsThatAnOperatorPassesOverAreFreed) {
  for (const char* name : {"a", "b", "c"}) calls->put(stored(name, false));
  start();
  run_until([&] { return loaded(); });
  EXPECT_EQ(ask("a"), "refused 1");
  follower->passed_over({0, 2});
  run_until([&] { return kept->counts().under_way == 2; });  // "c" and the probe
  EXPECT_EQ(ask("a"), "begun");
  EXPECT_EQ(ask("b"), "begun");
  EXPECT_EQ(ask("c"), "refused 1") << "it was not passed over";
}

TEST_F(Follower, WhoWaitsForACallHearsThatItWasPassedOver) {
  start();
  run_until([&] { return loaded(); });
  EXPECT_EQ(ask("a"), "begun");
  calls->put(stored("a", false));
  follower->passed_over({0, 1});
  run_until([&] { return replies.contains("a"); });
  EXPECT_THAT(replies["a"], testing::HasSubstr("E7106"));
}

}  // namespace
}  // namespace pelton::runtime
