// SPDX-License-Identifier: Apache-2.0
#include "engine/net/message.h"

#include "engine/net/response_head.h"
#include "engine/net/server.h"

#include <gtest/gtest.h>

namespace pelton::net {
namespace {

TEST(Target, RepeatedParametersKeepTheirOrder) {
  Request request;
  ASSERT_TRUE(parse_target("/a%2Fb/c?x=1&y=a+b&x=%32&z", request));
  EXPECT_EQ(request.path, (std::vector<std::string>{"a/b", "c"}));
  ASSERT_EQ(request.query.size(), 4U);
  EXPECT_EQ(*request.parameter("x"), "1");
  EXPECT_EQ(request.query[2].value, "2");
  EXPECT_EQ(*request.parameter("y"), "a b");
  EXPECT_EQ(*request.parameter("z"), "");
  EXPECT_EQ(request.parameter("w"), nullptr);
}

TEST(Target, AbsoluteFormsLoseTheirAuthority) {
  Request request;
  ASSERT_TRUE(parse_target("http://user@host:80?x=1", request));
  EXPECT_TRUE(request.path.empty());
  EXPECT_EQ(*request.parameter("x"), "1");
}

TEST(Headers, AreFoundInAnyCase) {
  const Request request{"GET", {}, {}, {{"Content-TYPE", "a"}, {"content-type", "b"}}};
  EXPECT_EQ(*request.header("content-type"), "a");
  EXPECT_EQ(request.header("content"), nullptr);
}

TEST(ResponseHead, ValuesCannotBeginAnotherHeader) {
  Response response;
  response.headers.push_back({"X", "a\r\nInjected: b"});
  EXPECT_EQ(response_head(response, {}).find("\r\nInjected"), std::string::npos);
}

TEST(Address, Ipv6IsBracketed) {
  EXPECT_EQ(address_text("::1", 8080), "[::1]:8080");
  EXPECT_EQ(address_text("127.0.0.1", 1), "127.0.0.1:1");
}

}  // namespace
}  // namespace pelton::net
