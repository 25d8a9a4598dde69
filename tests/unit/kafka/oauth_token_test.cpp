// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/oauth_token.h"

#include "tests/contract/temporary_folder.h"

#include <gtest/gtest.h>

namespace pelton::kafka {
namespace {

struct TokenFile : ::testing::Test {
  // A folder of the test's own: tests run beside each other.
  test::TemporaryFolder folder;

  Result<OauthToken> read(const std::string& text) {
    const std::filesystem::path file = folder.path() / "pelton-token";
    test::write_file(file, text);
    return read_token(file, from_us(1'800'000'000'000'000));
  }
};

TEST_F(TokenFile, TellsPrincipalAndEnd) {
  // {"alg":"none"} . {"sub":"engine-1","exp":1900000000} . signature
  const auto token =
      read("eyJhbGciOiJub25lIn0.eyJzdWIiOiJlbmdpbmUtMSIsImV4cCI6MTkwMDAwMDAwMH0.c2ln\n");
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(token->principal, "engine-1");
  EXPECT_EQ(to_us(token->ends), 1'900'000'000'000'000);
  EXPECT_TRUE(token->text.ends_with("c2ln"));
}

TEST_F(TokenFile, TakesAnEndWithAFraction) {
  // {"sub":"e","exp":1900000000.5}
  const auto token = read("e30.eyJzdWIiOiJlIiwiZXhwIjoxOTAwMDAwMDAwLjV9.");
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(to_us(token->ends), 1'900'000'000'500'000);
}

TEST_F(TokenFile, SaysSinceWhenATokenIsOver) {
  // {"sub":"e","exp":1799999999}
  const auto token = read("e30.eyJzdWIiOiJlIiwiZXhwIjoxNzk5OTk5OTk5fQ.");
  ASSERT_FALSE(token);
  EXPECT_NE(token.error().message.find("expired at 2027-01-15T07:59:59"), std::string::npos)
      << token.error().message;
}

TEST_F(TokenFile, WhatIsNoTokenIsAnErrorThatNamesTheFile) {
  for (const char* text :
       {"", "secret", "a.b", "a.*.c", "e30.e30.e30", "e30.eyJleHAiOjFlMzAwfQ."}) {
    const auto token = read(text);
    ASSERT_FALSE(token) << text;
    EXPECT_EQ(token.error().code, "E6103");
    EXPECT_NE(token.error().message.find("pelton-token"), std::string::npos);
    EXPECT_EQ(token.error().message.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace pelton::kafka
