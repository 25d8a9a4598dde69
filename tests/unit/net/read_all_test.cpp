// SPDX-License-Identifier: Apache-2.0
#include "engine/net/message.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>

namespace pelton::net {
namespace {

// A body whose pieces come when the test says so.
class SlowBody final : public RequestBody {
 public:
  void read(Answer<std::string> answer) override { waiting = std::move(answer); }
  BodyEnd end() const override { return {}; }
  bool give(Result<std::string> piece) {
    if (!waiting) return false;
    auto answer = std::exchange(waiting, nullptr);
    answer(std::move(piece));
    return true;
  }
  Answer<std::string> waiting;
};

class ReadAll : public ::testing::Test {
 protected:
  void read(std::size_t limit) {
    read_all(body, limit, [this](Result<std::string> whole) { result = std::move(whole); });
  }
  const std::shared_ptr<SlowBody> body = std::make_shared<SlowBody>();
  std::optional<Result<std::string>> result;
};

TEST_F(ReadAll, PiecesBecomeOneBody) {
  read(10);
  ASSERT_TRUE(body->give("abc"));
  ASSERT_TRUE(body->give("defg"));
  EXPECT_FALSE(result) << "not before the end";
  ASSERT_TRUE(body->give(""));
  EXPECT_EQ(result->value(), "abcdefg");
}

TEST_F(ReadAll, NothingIsABodyToo) {
  read(0);
  ASSERT_TRUE(body->give(""));
  EXPECT_EQ(result->value(), "");
}

TEST_F(ReadAll, TheLimitItselfIsTaken) {
  read(4);
  ASSERT_TRUE(body->give("abcd"));
  ASSERT_TRUE(body->give(""));
  EXPECT_EQ(result->value(), "abcd");
}

TEST_F(ReadAll, BeyondTheLimitNothingMoreIsRead) {
  read(4);
  ASSERT_TRUE(body->give("abc"));
  ASSERT_TRUE(body->give("de"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->error().code, "E5011");
  EXPECT_FALSE(body->give("f"));
}

TEST_F(ReadAll, AFaultOfTheConnectionIsTheAnswer) {
  read(4);
  ASSERT_TRUE(body->give(fail(ErrorKind::cancelled, "E5008", "gone")));
  EXPECT_EQ(result->error().code, "E5008");
}

TEST(ErrorResponse, TheStatusFollowsTheKind) {
  const auto status = [](ErrorKind kind, const char* code) {
    return error_response({kind, code, "m"}).status;
  };
  EXPECT_EQ(status(ErrorKind::invalid, "E5004"), 400U);
  EXPECT_EQ(status(ErrorKind::invalid, "E5001"), 404U);
  EXPECT_EQ(status(ErrorKind::invalid, "E5011"), 413U);
  EXPECT_EQ(status(ErrorKind::corrupt, "E4001"), 500U);
  for (const ErrorKind later :
       {ErrorKind::unavailable, ErrorKind::overloaded, ErrorKind::cancelled})
    EXPECT_EQ(status(later, "E5009"), 503U);
}

TEST(ErrorResponse, BytesThatAreNoTextDoNotBreakTheJson) {
  EXPECT_EQ(error_line({ErrorKind::invalid, "E5002", "a\"\n\xff"}),
            "{\"error\":{\"code\":\"E5002\",\"kind\":\"invalid\",\"message\":\"a\\\"\\n\xEF\xBF\xBD"
            "\"}}\n");
}

}  // namespace
}  // namespace pelton::net
