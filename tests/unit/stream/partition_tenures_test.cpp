// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/partition_tenures.h"

#include "engine/model/batch_builder.h"
#include "tests/unit/stream/partition.h"

#include <gmock/gmock.h>

namespace pelton::stream {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
constexpr WorkerId kWorker{1};

// Notes which partitions are let go and where they are moved to.
struct Place final : Input, Positions {
  Status open(Listener&) override { return {}; }
  void start() override {}
  std::optional<model::PlacedBatch> next(PartitionId, Offset, Reads) override {
    return std::nullopt;
  }
  void taken(PartitionId, Offset) override {}
  Stock stock(PartitionId) const override { return {}; }
  void settle(model::Transaction&&, Done) override {}
  void drained(PartitionId partition) override { let_go.push_back(partition); }
  void stop(std::chrono::steady_clock::time_point, std::function<void()>) override {}
  std::vector<PartitionId> partitions() const override { return {kP}; }
  Offset end(PartitionId) const override { return 0; }
  std::optional<WallTime> time_at(PartitionId, Offset) override { return std::nullopt; }
  void extents(std::optional<WallTime>, std::function<void(Result<Extents>)>) override {}
  std::shared_ptr<const void> hold(PartitionId, Offset offset) override {
    auto held = std::make_shared<const Offset>(offset);
    kept_from = held;
    return held;
  }
  void seek(PartitionId, Offset offset, std::function<void(Status)> done) override {
    EXPECT_FALSE(kept_from.expired()) << "retention may drop where it goes";
    moved_to.push_back(offset);
    done({});
  }

  std::vector<PartitionId> let_go;
  std::vector<Offset> moved_to;
  std::weak_ptr<const Offset> kept_from;  // by a seek
};

struct Noon final : Clock {
  WallTime now() const override { return time; }
  WallTime time{12h};
};

// A dispatcher with one partition, of which a worker has the only event.
struct Tenures : ::testing::Test {
  Noon clock;
  Place place;
  dispatch::DispatcherOptions options;
  std::unique_ptr<dispatch::Dispatcher> dispatcher;
  std::unique_ptr<PartitionTenures> tenures;
  dispatch::Commits commits;
  std::optional<FrameId> frame;
  std::optional<Status> answer;

  void SetUp() override {
    options.id = BindingId{1};
    options.binding = "b";
    options.stream = "s";
    dispatcher = std::make_unique<dispatch::Dispatcher>(options);
    tenures = std::make_unique<PartitionTenures>(
        PartitionTenures::Setup{*dispatcher, place, place, clock, "s", 10s});
    tenures->begin(kP, {});
  }
  void give_work() {
    model::BatchBuilder builder;
    model::EventView event;
    event.data = "a";
    builder.add(event);
    dispatcher->offer(kP, 0, builder.finish(), clock.time, commits);
    auto pulled = dispatcher->pull(kWorker, {10, 1U << 20}, clock.time, commits);
    ASSERT_TRUE(pulled);
    frame = pulled->id;
  }
  void finish_work() {
    model::FrameResult result;
    result.count = 1;
    ASSERT_TRUE(dispatcher->finished(kWorker, *frame, std::move(result), clock.time, commits));
  }
  void make_durable() {
    for (const dispatch::Commit& commit : commits) dispatcher->committed(commit.token);
    commits.clear();
  }
  void seek(Offset offset) {
    tenures->seek(kP, offset, [this](Status status) { answer = std::move(status); });
  }
};

TEST_F(Tenures, APartitionIsOpenFromItsBeginningToItsEnd) {
  EXPECT_TRUE(tenures->open(kP));
  tenures->end(kP);
  EXPECT_FALSE(tenures->open(kP));
  EXPECT_THAT(tenures->check(), IsEmpty());
  EXPECT_THAT(place.let_go, IsEmpty()) << "it went, it was not asked for";
}

TEST_F(Tenures, ARevokedOneIsLetGoOnceAllOfItIsDurable) {
  give_work();
  tenures->revoke(kP);
  EXPECT_FALSE(tenures->open(kP)) << "nothing more is read";
  tenures->check();
  EXPECT_THAT(place.let_go, IsEmpty()) << "a worker has it";
  finish_work();
  tenures->check();
  EXPECT_THAT(place.let_go, IsEmpty()) << "it is not durable";
  make_durable();
  tenures->check();
  EXPECT_THAT(place.let_go, ElementsAre(kP));
  tenures->check();
  EXPECT_EQ(place.let_go.size(), 1U) << "once";
}

TEST_F(Tenures, OneThatIsNotOursIsLetGoAtOnce) {
  tenures->revoke(PartitionId{7});
  EXPECT_THAT(place.let_go, ElementsAre(PartitionId{7}));
}

TEST_F(Tenures, ASeekWaitsForWorkersButNotForTheDisk) {
  give_work();
  seek(0);
  tenures->check();
  EXPECT_THAT(place.moved_to, IsEmpty());
  EXPECT_FALSE(place.kept_from.expired()) << "retention waits for it";
  finish_work();
  make_durable();
  EXPECT_THAT(tenures->check(), IsEmpty()) << "it is assigned again by its input";
  EXPECT_THAT(place.moved_to, ElementsAre(0));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(*answer);
  EXPECT_TRUE(place.kept_from.expired());
}

TEST_F(Tenures, APatientSeekGivesUpAndThePartitionIsOpenAgain) {
  give_work();
  seek(0);
  EXPECT_EQ(tenures->next_deadline(), clock.time + 10s);
  clock.time += 10s;
  EXPECT_THAT(tenures->check(), ElementsAre(kP));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().code, "E5023");
  EXPECT_TRUE(tenures->open(kP));
  EXPECT_FALSE(tenures->next_deadline());
  EXPECT_THAT(place.moved_to, IsEmpty());
}

TEST_F(Tenures, OneSeekAtATime) {
  give_work();
  seek(0);
  std::optional<Status> second;
  tenures->seek(kP, 1, [&](Status status) { second = std::move(status); });
  ASSERT_TRUE(second);
  EXPECT_EQ(second->error().code, "E5023");
  EXPECT_FALSE(answer) << "the first one still waits";
}

TEST_F(Tenures, ASeekOfWhatIsNotOursIsRefused) {
  tenures->end(kP);
  seek(0);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().code, "E5022");
}

TEST_F(Tenures, ASeekEndsWithItsPartition) {
  give_work();
  seek(0);
  tenures->end(kP);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().code, "E5022");
  tenures->begin(kP, {});
  EXPECT_TRUE(tenures->open(kP)) << "a tenure of its own";
}

TEST_F(Tenures, ARevokeTakesPrecedenceOverASeek) {
  give_work();
  seek(0);
  tenures->revoke(kP);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().code, "E5022");
  finish_work();
  make_durable();
  tenures->check();
  EXPECT_THAT(place.let_go, ElementsAre(kP));
  EXPECT_THAT(place.moved_to, IsEmpty());
}

}  // namespace
}  // namespace pelton::stream
