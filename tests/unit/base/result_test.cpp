// SPDX-License-Identifier: Apache-2.0
#include "engine/base/result.h"

#include "engine/base/ensure.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace pelton {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorKind::invalid, "E1009", "{} is odd", n);
  return n / 2;
}

TEST(Result, IsAValueOrAnError) {
  EXPECT_EQ(half(8), 4);
  ASSERT_FALSE(half(7));
  EXPECT_EQ(half(7).error().kind, ErrorKind::invalid);
  EXPECT_EQ(half(7).error().text(), "E1009: 7 is odd");
}

TEST(Error, KeepsKindAndCodeWhenItsContextIsTold) {
  const Error error = half(7).error().within("parsing").within("opening stream orders");
  EXPECT_EQ(error.text(), "E1009: opening stream orders: parsing: 7 is odd");
  EXPECT_EQ(error.kind, ErrorKind::invalid);
}

TEST(Error, WithoutACodeIsItsMessage) {
  EXPECT_EQ((Error{ErrorKind::cancelled, "", "stopping"}).text(), "stopping");
}

TEST(Error, OfASystemCallTellsItsName) {
  const Status status = fail_errno("E4104", "opening data", ENOENT);
  EXPECT_EQ(status.error().text(), "E4104: opening data: No such file or directory");
  EXPECT_EQ(status.error().kind, ErrorKind::unavailable);
}

TEST(ErrorKind, HasANameForEach) {
  for (const auto& [kind, name] : {std::pair{ErrorKind::invalid, "invalid"},
                                   {ErrorKind::unavailable, "unavailable"},
                                   {ErrorKind::overloaded, "overloaded"},
                                   {ErrorKind::corrupt, "corrupt"},
                                   {ErrorKind::cancelled, "cancelled"}})
    EXPECT_STREQ(to_string(kind), name);
}

TEST(EnsureDeathTest, EndsTheProcessWithItsSentence) {
  const int events = 0;
  EXPECT_DEATH(ENSURE(events > 0, "a batch of {} events", events),
               "a bug: a batch of 0 events.*events > 0");
}

}  // namespace
}  // namespace pelton
