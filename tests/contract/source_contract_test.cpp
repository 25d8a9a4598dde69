// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/connector_fixtures.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

// What source.h promises, of every source.
namespace pelton::test {
namespace {

using connector::AckToken;
using connector::Settlement;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

class SourceContract : public testing::TestWithParam<FixtureCase<SourceFixture>> {
 protected:
  SourceContract() : fixture_(GetParam().make()), source_(fixture_->make()) {}
  ~SourceContract() override { source_->close(); }
  void SetUp() override {
    if (const std::string missing = fixture_->missing(); !missing.empty()) GTEST_SKIP() << missing;
  }

  void connect() { ASSERT_TRUE(source_->connect()); }
  void restart() {
    source_->close();
    source_ = fixture_->make();
    connect();
  }

  struct Read {
    AckToken token = 0;
    std::multiset<std::string> data;
    std::vector<connector::LedgerEntry> position;
  };
  Result<Read> read(std::chrono::milliseconds time, std::size_t max_events = 100) {
    model::BatchBuilder into;
    const auto token = source_->read(into, max_events, 1 << 20, steady_clock::now() + time);
    if (!token) return std::unexpected(token.error());
    Read out{token->token, {}, token->position};
    if (into.empty()) return out;
    const auto batch = into.finish();
    for (std::size_t i = 0; i < batch->size(); ++i) out.data.emplace(batch->data(i));
    return out;
  }

  void settle(const Read& read, Settlement how = Settlement::done) {
    if (how == Settlement::done) fixture_->keep(read.position);
    EXPECT_TRUE(source_->settle(read.token, how));
  }

  // Reads and settles until that many events came, at most for a minute: members of a group may
  // have to join it more than once.
  std::multiset<std::string> take(std::size_t count, Settlement how = Settlement::done) {
    std::multiset<std::string> all;
    const auto until = steady_clock::now() + 60s;
    while (all.size() < count && steady_clock::now() < until) {
      const auto got = read(100ms);
      if (!got) continue;
      all.insert(got->data.begin(), got->data.end());
      if (!got->data.empty()) {
        settle(*got, how);
      }
    }
    return all;
  }

  std::unique_ptr<SourceFixture> fixture_;
  std::unique_ptr<connector::Source> source_;
};

using Events = std::multiset<std::string>;

TEST_P(SourceContract, GivesWhatWasThereBeforeAndWhatComesAfterConnecting) {
  fixture_->produce("before");
  connect();
  EXPECT_EQ(take(1), Events{"before"});
  fixture_->produce("after");
  EXPECT_EQ(take(1), Events{"after"});
}

TEST_P(SourceContract, AReadWithoutEventsReturnsAtItsDeadline) {
  connect();
  const auto start = steady_clock::now();
  const auto got = read(50ms);
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->data.empty());
  EXPECT_LT(steady_clock::now() - start, 2s);
}

TEST_P(SourceContract, AReadGivesAtMostWhatWasAskedFor) {
  for (int i = 0; i < 5; ++i) fixture_->produce("data" + std::to_string(i));
  connect();
  std::size_t seen = 0;
  const auto until = steady_clock::now() + 10s;
  while (seen < 5 && steady_clock::now() < until) {
    const auto got = read(100ms, 2);
    ASSERT_TRUE(got);
    EXPECT_LE(got->data.size(), 2U);
    seen += got->data.size();
    if (!got->data.empty()) {
      settle(*got);
    }
  }
  EXPECT_EQ(seen, 5U);
}

TEST_P(SourceContract, TokensAreGivenOnce) {
  connect();
  std::set<AckToken> tokens;
  for (int i = 0; i < 5; ++i) {
    fixture_->produce("data");
    const auto got = read(2s);
    ASSERT_TRUE(got);
    EXPECT_TRUE(tokens.insert(got->token).second);
  }
}

TEST_P(SourceContract, WhatIsReadIsNotReadAgainBeforeItIsSettled) {
  fixture_->produce("one");
  connect();
  std::optional<Read> first;
  while (!first || first->data.empty()) first = *read(100ms);
  const auto second = read(100ms);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->data.empty());
  settle(*first);
}

TEST_P(SourceContract, SettledEventsDoNotComeAgainAfterARestart) {
  fixture_->produce("one");
  connect();
  EXPECT_EQ(take(1), Events{"one"});
  restart();
  fixture_->produce("two");
  EXPECT_EQ(take(1), Events{"two"});
}

TEST_P(SourceContract, UnsettledEventsComeAgainAfterARestart) {
  fixture_->produce("one");
  connect();
  std::optional<Read> first;
  while (!first || first->data.empty()) first = *read(100ms);
  restart();
  EXPECT_EQ(take(1), Events{"one"});
}

TEST_P(SourceContract, EventsSettledRetryLaterComeAgain) {
  fixture_->produce("one");
  connect();
  EXPECT_EQ(take(1, Settlement::retry_later), Events{"one"});
  EXPECT_EQ(take(1), Events{"one"});
}

TEST_P(SourceContract, CloseWorksTwiceAndWithoutConnect) {
  source_->close();
  source_->close();
  connect();
  source_->close();
  source_->close();
  connect();
  fixture_->produce("one");
  EXPECT_EQ(take(1), Events{"one"});
}

TEST_P(SourceContract, ALostSystemIsUnavailableUntilItIsBack) {
  if (!fixture_->can_go_away()) GTEST_SKIP() << "it reads no system that could be lost";
  connect();
  fixture_->go_away();
  const auto until = steady_clock::now() + 10s;
  std::optional<Error> error;
  while (!error && steady_clock::now() < until)
    if (const auto got = read(50ms); !got) error = got.error();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, ErrorKind::unavailable);
  EXPECT_FALSE(error->code.empty());
  source_->close();
  const Status refused = source_->connect();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  fixture_->come_back();
  connect();
  fixture_->produce("back");
  EXPECT_EQ(take(1), Events{"back"});
}

INSTANTIATE_TEST_SUITE_P(Connectors, SourceContract, testing::ValuesIn(source_fixtures()),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace pelton::test
