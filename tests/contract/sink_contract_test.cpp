// SPDX-License-Identifier: Apache-2.0
#include "engine/model/batch_builder.h"
#include "tests/contract/connector_fixtures.h"

#include <gtest/gtest.h>

// What sink.h promises, of every sink.
namespace pelton::test {
namespace {

class SinkContract : public testing::TestWithParam<FixtureCase<SinkFixture>> {
 protected:
  SinkContract() : fixture_(GetParam().make()) {}
  ~SinkContract() override {
    if (sink_) sink_->close();
  }
  void SetUp() override {
    if (!fixture_->missing().empty()) GTEST_SKIP() << fixture_->missing();
    sink_ = fixture_->make();
  }

  void connect() { ASSERT_TRUE(sink_->connect()); }

  void add(const std::string& subject, const std::string& data, const std::string& key = "") {
    model::EventView event;
    event.id = event.subject = subject;
    event.source = "contract";
    event.type = "test";
    event.data = data;
    event.key = key;
    event.has_key = !key.empty();
    builder_.add(event);
  }
  Result<std::vector<connector::SinkFailure>> write(model::Order order = model::Order::key) {
    const auto batch = builder_.finish();
    return sink_->write(*batch, {"stream", PartitionId{0}, 0, order, "sink/stream/1/0/"});
  }

  std::unique_ptr<SinkFixture> fixture_;
  std::unique_ptr<connector::Sink> sink_;
  model::BatchBuilder builder_;
};

TEST_P(SinkContract, WhatIsWrittenIsThere) {
  connect();
  add("a", "one");
  add("b", "two");
  const auto failures = write();
  ASSERT_TRUE(failures);
  EXPECT_TRUE(failures->empty());
  EXPECT_EQ(fixture_->written("a"), "one");
  EXPECT_EQ(fixture_->written("b"), "two");
}

TEST_P(SinkContract, WritingTheSameAgainDoesNoHarm) {
  connect();
  for (int i = 0; i < 2; ++i) {
    add("a", "one");
    const auto failures = write();
    ASSERT_TRUE(failures);
    EXPECT_TRUE(failures->empty());
  }
  EXPECT_EQ(fixture_->written("a"), "one");
}

TEST_P(SinkContract, EventsOfABatchAreWrittenInOrder) {
  connect();
  add("a", "old");
  add("a", "new");
  ASSERT_TRUE(write());
  EXPECT_EQ(fixture_->written("a"), "new");
}

TEST_P(SinkContract, AnInvalidEventIsListedAndTheOthersAreWritten) {
  connect();
  add("a", "one");
  add(fixture_->invalid_subject(), "bad");
  add("b", "two");
  const auto failures = write();
  ASSERT_TRUE(failures);
  ASSERT_EQ(failures->size(), 1U);
  EXPECT_EQ(failures->front().index, 1U);
  EXPECT_EQ(failures->front().error.kind, ErrorKind::invalid);
  EXPECT_FALSE(failures->front().error.code.empty());
  EXPECT_EQ(fixture_->written("a"), "one");
  EXPECT_EQ(fixture_->written("b"), "two");
}

TEST_P(SinkContract, LaterEventsOfAFailedKeyAreHeldBack) {
  connect();
  add(fixture_->invalid_subject(), "bad", "key");
  add("held", "one", "key");
  add("free", "two", "other");
  const auto failures = write();
  ASSERT_TRUE(failures);
  ASSERT_EQ(failures->size(), 2U);
  EXPECT_EQ((*failures)[1].index, 1U);
  EXPECT_EQ((*failures)[1].error.kind, ErrorKind::overloaded);
  EXPECT_EQ(fixture_->written("held"), "");
  EXPECT_EQ(fixture_->written("free"), "two");
}

TEST_P(SinkContract, UnderPartitionOrderAFailureHoldsBackAllThatFollows) {
  connect();
  add(fixture_->invalid_subject(), "bad");
  add("held", "one");
  const auto failures = write(model::Order::partition);
  ASSERT_TRUE(failures);
  EXPECT_EQ(failures->size(), 2U);
  EXPECT_EQ(fixture_->written("held"), "");
}

TEST_P(SinkContract, ALostSystemIsUnavailableUntilItIsBack) {
  connect();
  fixture_->go_away();
  add("a", "one");
  const auto lost = write();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().kind, ErrorKind::unavailable);
  sink_->close();
  EXPECT_EQ(sink_->connect().error().kind, ErrorKind::unavailable);
  fixture_->come_back();
  connect();
  add("a", "one");
  ASSERT_TRUE(write());
  EXPECT_EQ(fixture_->written("a"), "one");
}

TEST_P(SinkContract, CloseWorksTwiceAndWithoutConnect) {
  sink_->close();
  sink_->close();
  connect();
  sink_->close();
  sink_->close();
  connect();
  add("a", "one");
  ASSERT_TRUE(write());
  EXPECT_EQ(fixture_->written("a"), "one");
}

INSTANTIATE_TEST_SUITE_P(Connectors, SinkContract, testing::ValuesIn(sink_fixtures()),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace pelton::test
