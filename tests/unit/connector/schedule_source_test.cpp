// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/schedule_source.h"

#include "tests/contract/fake_clock.h"
#include "tests/contract/fake_consumption.h"
#include "tests/contract/memory_ledger.h"

#include <gmock/gmock.h>

namespace pelton::schedule {
namespace {

using namespace std::chrono_literals;
using connector::Settlement;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Of the wall clock at 2026-11-28T10:00:00Z, and later.
class ScheduleSourceTest : public testing::Test {
 protected:
  using Times = std::vector<std::string>;

  ScheduleSourceTest() {
    options_.connector = "nightly";
    options_.every = 60s;
    clock_.set(from_us(1'795'860'000'000'000));
  }

  void connect() {
    source_.emplace(options_, ledger_, consumption_, clock_);
    ASSERT_TRUE(source_->connect());
  }
  // What a host does: the events' times, without the date.
  Times take(Settlement how = Settlement::done, std::size_t most = 100) {
    model::BatchBuilder into;
    const auto read = source_->read(into, most, 1 << 20, std::chrono::steady_clock::now());
    if (!read || into.empty()) return {};
    batch_ = into.finish();
    Times out;
    for (std::size_t i = 0; i < batch_->size(); ++i)
      out.push_back(
          Zone().text(Slot{std::chrono::seconds{batch_->time_us(i) / 1'000'000}}).substr(11, 8));
    if (how == Settlement::done) {
      EXPECT_TRUE(ledger_.put(read->position));
    }
    EXPECT_TRUE(source_->settle(read->token, how));
    return out;
  }

  SourceOptions options_;
  test::MemoryLedger ledger_;
  test::FakeConsumption consumption_;
  test::FakeClock clock_;
  std::optional<ScheduleSource> source_;
  model::BatchPtr batch_;
};

TEST_F(ScheduleSourceTest, AnEventNamesItsScheduleAndSlot) {
  options_.timezone = *Zone::find("Europe/Berlin");
  connect();
  EXPECT_THAT(take(), IsEmpty());
  clock_.advance(61s);
  ASSERT_THAT(take(), ElementsAre("10:01:00"));
  EXPECT_EQ(batch_->id(0), "nightly/2026-11-28T10:01:00Z");
  EXPECT_EQ(batch_->source(0), "schedule:nightly");
  EXPECT_EQ(batch_->type(0), "pelton.schedule");
  EXPECT_EQ(batch_->subject(0), "nightly");
  EXPECT_EQ(batch_->content_type(0), "application/json");
  EXPECT_FALSE(batch_->has_key(0));
  EXPECT_EQ(batch_->data(0), R"({"schedule":"nightly","time":"2026-11-28T10:01:00Z",)"
                             R"("local_time":"2026-11-28T11:01:00+01:00"})");
  EXPECT_EQ(source_->facts().last_slot, from_us(1'795'860'060'000'000));
  EXPECT_EQ(source_->facts().next_slot, from_us(1'795'860'120'000'000));
}

TEST_F(ScheduleSourceTest, DataAndKeyAreThoseOfTheConfig) {
  options_.data = R"({"report":1})";
  options_.key = "k";
  connect();
  clock_.advance(60s);
  take();
  EXPECT_EQ(batch_->data(0), R"({"report":1})");
  EXPECT_EQ(batch_->key(0), "k");
}

TEST_F(ScheduleSourceTest, ThePositionIsNotWrittenButGivenWithTheEvents) {
  connect();
  const int puts = ledger_.puts;
  clock_.advance(60s);
  model::BatchBuilder into;
  const auto read = source_->read(into, 100, 1 << 20, std::chrono::steady_clock::now());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->position.size(), 1U);
  EXPECT_TRUE(source_->settle(read->token, Settlement::done));
  EXPECT_EQ(ledger_.puts, puts);
}

TEST_F(ScheduleSourceTest, TheFirstStartIsKeptBeforeThereIsAnEvent) {
  options_.missed = Missed::all;
  connect();
  clock_.advance(10min);
  connect();
  EXPECT_EQ(take().size(), 10U) << "missed since the first start, though no slot had come";
}

TEST_F(ScheduleSourceTest, AnotherExpressionBeginsNow) {
  options_.missed = Missed::all;
  connect();
  clock_.advance(1h);
  options_.every = 30s;
  connect();
  EXPECT_THAT(take(), IsEmpty());
  clock_.advance(30s);
  EXPECT_THAT(take(), ElementsAre("11:00:30"));
}

TEST_F(ScheduleSourceTest, OtherOptionsKeepThePosition) {
  connect();
  clock_.advance(10min);
  options_.data = "{}";
  options_.missed = Missed::all;
  connect();
  EXPECT_EQ(take().size(), 10U);
}

TEST_F(ScheduleSourceTest, WhatWasNotStoredComesAgainWithTheSameId) {
  connect();
  clock_.advance(60s);
  take(Settlement::retry_later);
  const std::string id(batch_->id(0));
  EXPECT_THAT(take(), ElementsAre("10:01:00"));
  EXPECT_EQ(batch_->id(0), id);
}

TEST_F(ScheduleSourceTest, MissedSlotsAreCountedAndNamedOnce) {
  options_.missed = Missed::skip;
  connect();
  clock_.advance(1h);
  connect();
  EXPECT_THAT(take(), ElementsAre("10:59:00", "11:00:00"));
  EXPECT_EQ(source_->facts().skipped.at("missed"), 58U);
  EXPECT_THAT(
      source_->take_warnings(),
      ElementsAre(HasSubstr("E7046: 58 slots from 2026-11-28T10:01:00Z to 2026-11-28T10:58:00Z")));
  take();
  EXPECT_THAT(source_->take_warnings(), IsEmpty());
}

TEST_F(ScheduleSourceTest, OverlapWaitsForTheBindings) {
  options_.overlap = Overlap::queue;
  connect();
  clock_.advance(60s);
  EXPECT_THAT(take(), ElementsAre("10:01:00"));
  consumption_.settled_to = 0;
  clock_.advance(60s);
  EXPECT_THAT(take(), IsEmpty());
  clock_.advance(60s);
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(source_->facts().behind, 2U);
  connect();
  EXPECT_THAT(take(), IsEmpty()) << "after a restart, too";
  consumption_.settled_to = -1;
  EXPECT_THAT(take(), ElementsAre("10:02:00"));
  EXPECT_THAT(take(), ElementsAre("10:03:00"));
}

TEST_F(ScheduleSourceTest, OverlapSkipsWhileTheEventBeforeIsNotSettled) {
  options_.overlap = Overlap::skip;
  connect();
  clock_.advance(60s);
  EXPECT_THAT(take(), ElementsAre("10:01:00"));
  consumption_.settled_to = 0;
  clock_.advance(60s);
  EXPECT_THAT(take(), IsEmpty());
  consumption_.settled_to = -1;
  EXPECT_THAT(take(), IsEmpty()) << "that one is over";
  EXPECT_EQ(source_->facts().skipped.at("overlap"), 1U);
  EXPECT_THAT(source_->take_warnings(),
              ElementsAre(HasSubstr("E7047: the slot 2026-11-28T10:02:00Z")));
  clock_.advance(60s);
  EXPECT_THAT(take(), ElementsAre("10:03:00"));
}

TEST_F(ScheduleSourceTest, OverlapNeedsToKnowWhatIsSettled) {
  class Topic final : public connector::Consumption {
    Result<connector::Checkpoint> now() override { return connector::Checkpoint{}; }
    Result<bool> settled(const connector::Checkpoint&) override { return true; }
  } topic;
  options_.overlap = Overlap::skip;
  ScheduleSource source(options_, ledger_, topic, clock_);
  EXPECT_EQ(source.connect().error().code, "E7045");
}

TEST_F(ScheduleSourceTest, AClockThatIsSetBackIsSaid) {
  connect();
  clock_.advance(60s);
  take();
  clock_.advance(-30s);
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_THAT(source_->take_warnings(), ElementsAre(HasSubstr("E7048")));
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_THAT(source_->take_warnings(), IsEmpty());
}

TEST_F(ScheduleSourceTest, ADamagedPositionIsRefused) {
  ledger_.entries["position"] = "{}";
  ScheduleSource source(options_, ledger_, consumption_, clock_);
  EXPECT_EQ(source.connect().error().kind, ErrorKind::corrupt);
}

}  // namespace
}  // namespace pelton::schedule
