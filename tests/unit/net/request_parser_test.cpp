// SPDX-License-Identifier: Apache-2.0
#include "engine/net/request_parser.h"

#include "engine/net/limits.h"

#include <gtest/gtest.h>

namespace pelton::net {
namespace {

// Feeds the text in pieces of `step` bytes and returns "METHOD body", or the refusal's status.
std::string parse(const std::string& text, std::size_t step = SIZE_MAX, std::size_t limit = 1000) {
  RequestParser parser(limit);
  std::string bytes, body;
  bool whole = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::string piece = text.substr(at, step);
    at += piece.size();
    bytes += piece;
    if (!whole) {
      const auto head = parser.head(bytes);
      if (!head) return std::to_string(head.error().status);
      whole = *head;
    }
    if (!whole) continue;
    const auto part = parser.body(bytes);
    if (!part) return std::to_string(part.error().status);
    body += *part;
  }
  if (!whole || !parser.done()) return "unfinished";
  return parser.request().method + " " + body;
}

TEST(RequestParser, PiecesOfAnySizeMakeTheSameRequest) {
  const std::string chunked =
      "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3\r\nabc\r\n5;ext=1\r\ndefgh\r\n0\r\nTrailer: t\r\n\r\n";
  const std::string plain = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nabcdefgh";
  for (std::size_t step = 1; step < chunked.size(); ++step) {
    EXPECT_EQ(parse(chunked, step), "POST abcdefgh") << step;
    EXPECT_EQ(parse(plain, step), "POST abcdefgh") << step;
  }
  for (std::size_t step = 1; step < 6; ++step)
    EXPECT_EQ(parse("\r\n\r\nGET / HTTP/1.0\r\n\r\n", step), "GET ") << step;
  EXPECT_EQ(parse("\rGET / HTTP/1.0\r\n\r\n", 1), "400");
}

TEST(RequestParser, WhatFollowsARequestIsLeft) {
  RequestParser parser(100);
  std::string bytes = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nxGET /";
  ASSERT_TRUE(parser.head(bytes));
  EXPECT_EQ(parser.body(bytes), "x");
  EXPECT_TRUE(parser.done());
  EXPECT_EQ(bytes, "GET /");
}

TEST(RequestParser, OldClientsGetNoInterimResponse) {
  const std::string rest = "\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
  for (const bool old : {false, true}) {
    RequestParser parser(100);
    std::string bytes = (old ? "POST / HTTP/1.0" : "POST / HTTP/1.1") + rest;
    ASSERT_TRUE(parser.head(bytes));
    EXPECT_EQ(parser.expects_continue(), !old);
  }
}

TEST(RequestParser, LimitsAreAnsweredAsSuch) {
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(parse(post + "Content-Length: 1001\r\n\r\n"), "413");
  EXPECT_EQ(parse(post + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x')),
            "413");
  EXPECT_EQ(parse(post + "X: " + std::string(kMaxHeaderBytes, 'x')), "431");
  EXPECT_EQ(parse(post + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(100'000, 'x')),
            "400");
  EXPECT_EQ(parse(post + "Expect: 200-ok\r\n\r\n"), "417");
}

// With a head limit of 200,000 bytes.
TEST(RequestParser, AFieldThatIsTooLongForAnyUseIsLeftOut) {
  const auto parsed = [](const std::string& fields) -> std::string {
    RequestParser parser(100, 200'000);
    std::string bytes = "GET /x HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
    const auto head = parser.head(bytes);
    if (!head) return std::to_string(head.error().status);
    std::string names;
    for (const Field& field : parser.request().headers) names += field.name + " ";
    return names;
  };
  const std::string cause = "Cause: " + std::string(150'000, 'x') + "\r\n";
  EXPECT_EQ(parsed(cause + "B: b\r\n"), "Host B ");
  EXPECT_EQ(parsed("A: a\r\n" + cause), "Host A ");
  EXPECT_EQ(parsed(cause + cause), "431");
  EXPECT_EQ(parsed("Transfer-Encoding: " + std::string(150'000, 'x') + "\r\n"), "431")
      << "whatever says where the body ends is read";
}

TEST(RequestParser, FieldsBehindChunksAreTrailers) {
  RequestParser parser(100, 200'000);
  std::string bytes =
      "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: Error\r\n\r\n";
  ASSERT_TRUE(parser.head(bytes).value());
  bytes = "3\r\nabc\r\n0\r\nError: half\r\nMore: m\r\n\r\n";
  EXPECT_EQ(parser.body(bytes).value(), "abc");
  ASSERT_TRUE(parser.done());
  const auto trailers = parser.trailers();
  ASSERT_EQ(trailers.size(), 2U);
  EXPECT_EQ(trailers[0].name + "=" + trailers[0].value, "Error=half");
  EXPECT_EQ(trailers[1].name + "=" + trailers[1].value, "More=m");
}

TEST(RequestParser, ATrailerThatIsTooLongIsRefused) {
  RequestParser parser(100, 200'000);
  std::string bytes = "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  ASSERT_TRUE(parser.head(bytes).value());
  bytes = "0\r\nError: " + std::string(70'000, 'x') + "\r\n\r\n";
  const auto body = parser.body(bytes);
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error().status, 431U);
}

TEST(RequestParser, NoBytesMakeItFail) {
  for (int c = 0; c < 256; ++c) {
    const std::string one(1, static_cast<char>(c));
    parse("GET /" + one + " HTTP/1.1\r\nHost: h\r\n\r\n");
    parse("GET / HTTP/1.1\r\nHost: h\r\nX" + one + ": y\r\n\r\n");
    parse("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + one + "\r\n");
  }
}

}  // namespace
}  // namespace pelton::net
