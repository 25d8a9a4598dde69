// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/result_follower.h"

#include "engine/base/run_clock.h"
#include "engine/model/batch_builder.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

namespace pelton::runtime {
namespace {

constexpr model::StreamPartition kResults{StreamId{9}, PartitionId{0}};

http::RequestKey key_named(const std::string& name) {
  return {name, {1, 2}};
}

// A stored call, or its result.
model::BatchPtr stored(const std::string& name, bool result) {
  model::EventView event;
  event.id = "id-" + name;
  model::BatchBuilder builder;
  builder.add(event);
  const model::BatchPtr call =
      http::stored_call(*builder.finish(), key_named(name), config::Exchange::native);
  if (!result) return call;
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
  void partitions(Answer<std::uint32_t> answer) override { answer(1); }
  void read(const stream::ReadRequest& request, Answer<stream::ReadAnswer> answer) override {
    std::lock_guard lock(mutex_);
    if (first_asked_ < 0) first_asked_ = request.from.offset;
    if (fails_.exchange(false))
      return answer(fail(ErrorKind::unavailable, "E4101", "the disk is slow"));
    const Offset from = request.from.offset;
    const auto end = static_cast<Offset>(batches_.size());
    stream::ReadAnswer page{from, from, end, from >= end, {}};
    if (from < end) {
      page.batches.push_back({kResults, from, batches_[static_cast<std::size_t>(from)]});
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
};

class Follower : public testing::Test {
 protected:
  Follower() {
    kept->set_limits({std::chrono::hours(1), 100, 100});
    reading.start();
  }
  ~Follower() override { reading.stop(); }

  void start(model::Progress settled = {}) {
    follower = std::make_unique<ResultFollower>(ResultFollower::Setup{
        kept, kResults.stream, calls, results, std::move(settled), appends, reading, mailbox, io});
    follower->start();
  }
  // A result that became durable.
  void append(const std::string& name, bool passed_on = true) {
    const model::BatchPtr batch = stored(name, true);
    results->put(batch);
    if (passed_on) appends.appended(std::vector{model::PlacedBatch{kResults, end, batch}});
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
  std::shared_ptr<http::KeptCalls> kept = std::make_shared<http::KeptCalls>(clock);
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

}  // namespace
}  // namespace pelton::runtime
