// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/offset_seek.h"

#include "tests/unit/runtime/engine_parts.h"

#include <gmock/gmock.h>

#include <limits>

namespace pelton::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using To = http::SeekRequest::To;

// Binding "b" on a stream of two partitions with five and two events, which no worker takes.
class OffsetSeek : public EngineParts {
 protected:
  void SetUp() override {
    config.streams[0].partitions = 2;
    begin();
    append({"a", "b", "c", "d", "e"}, 0);
    append({"x", "y"}, 1);
    ASSERT_TRUE(until([&] { return heard("b", 0) == 5 && heard("b", 1) == 2; }));
  }

  Result<http::SeekOutcome> seek(http::SeekRequest request) {
    request.binding = request.binding.empty() ? "b" : request.binding;
    std::promise<Result<http::SeekOutcome>> answer;
    seek_offsets(*shard, request,
                 [&](Result<http::SeekOutcome> outcome) { answer.set_value(std::move(outcome)); });
    return answer.get_future().get();
  }
  static http::SeekRequest to(To where, Offset offset = 0,
                              std::optional<std::uint32_t> partition = std::nullopt) {
    http::SeekRequest request;
    request.to = where;
    request.offset = offset;
    request.partition = partition;
    return request;
  }
  // "partition: from -> to"
  static std::vector<std::string> changes(const Result<http::SeekOutcome>& outcome) {
    std::vector<std::string> out;
    EXPECT_TRUE(outcome) << outcome.error().text();
    if (outcome)
      for (const http::SeekChange& change : outcome->changes)
        out.push_back(fmt::format("{}: {} -> {}", change.partition, change.from, change.to));
    return out;
  }
};

TEST_F(OffsetSeek, AllPartitionsMoveToEitherEnd) {
  EXPECT_THAT(changes(seek(to(To::latest))), ElementsAre("0: 0 -> 5", "1: 0 -> 2"));
  EXPECT_THAT(changes(seek(to(To::earliest))), ElementsAre("0: 5 -> 0", "1: 2 -> 0"));
}

TEST_F(OffsetSeek, NoDistanceIsTooLargeToBeBounded) {
  EXPECT_THAT(changes(seek(to(To::offset, 2))), ElementsAre("0: 0 -> 2", "1: 0 -> 2"));
  EXPECT_THAT(changes(seek(to(To::by, std::numeric_limits<Offset>::max()))),
              ElementsAre("0: 2 -> 5", "1: 2 -> 2"));
  EXPECT_THAT(changes(seek(to(To::by, std::numeric_limits<Offset>::min()))),
              ElementsAre("0: 5 -> 0", "1: 2 -> 0"));
}

TEST_F(OffsetSeek, AnOffsetIsBoundedByThePartition) {
  EXPECT_THAT(changes(seek(to(To::offset, 3))), ElementsAre("0: 0 -> 3", "1: 0 -> 2"));
  EXPECT_THAT(changes(seek(to(To::offset, -7, 0))), ElementsAre("0: 3 -> 0"));
}

TEST_F(OffsetSeek, ByMovesFromWhereItIs) {
  (void)seek(to(To::offset, 3, 0));
  EXPECT_THAT(changes(seek(to(To::by, -2, 0))), ElementsAre("0: 3 -> 1"));
  EXPECT_THAT(changes(seek(to(To::by, 100, 0))), ElementsAre("0: 1 -> 5"));
}

TEST_F(OffsetSeek, ATimeIsTheFirstEventAtOrAfterIt) {
  http::SeekRequest request = to(To::time);
  request.time = clock.now() + std::chrono::hours(1);
  EXPECT_THAT(changes(seek(request)), ElementsAre("0: 0 -> 5", "1: 0 -> 2"));
}

TEST_F(OffsetSeek, ADryRunMovesNothing) {
  http::SeekRequest request = to(To::latest);
  request.dry_run = true;
  EXPECT_THAT(changes(seek(request)), ElementsAre("0: 0 -> 5", "1: 0 -> 2"));
  EXPECT_THAT(changes(seek(request)), ElementsAre("0: 0 -> 5", "1: 0 -> 2")) << "again";
}

TEST_F(OffsetSeek, ItIsDurableWhenItIsAnswered) {
  (void)seek(to(To::offset, 4, 0));
  const auto progress =
      store->cursor(*store->binding_id("b"), {*store->find_stream("s"), PartitionId{0}});
  ASSERT_TRUE(progress && *progress);
  EXPECT_EQ((*progress)->settled, 4);
}

TEST_F(OffsetSeek, WhatIsNotThereIsAnError) {
  const auto partition = seek(to(To::latest, 0, 7));
  ASSERT_FALSE(partition);
  EXPECT_EQ(partition.error().code, "E5001");
  http::SeekRequest request = to(To::latest);
  request.binding = "other";
  const auto binding = seek(request);
  ASSERT_FALSE(binding);
  EXPECT_EQ(binding.error().code, "E5040");
  EXPECT_THAT(binding.error().message, HasSubstr("other"));
}

}  // namespace
}  // namespace pelton::runtime
