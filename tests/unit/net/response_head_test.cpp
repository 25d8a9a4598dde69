// SPDX-License-Identifier: Apache-2.0
#include "engine/net/response_head.h"

#include <gmock/gmock.h>

namespace pelton::net {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(ResponseHead, HasALengthOrChunks) {
  EXPECT_THAT(response_head({}, {true, true, 12}), HasSubstr("\r\nContent-Length: 12\r\n"));
  const std::string chunked = response_head({}, {});
  EXPECT_THAT(chunked, HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_THAT(chunked, Not(HasSubstr("Content-Length")));
}

TEST(ResponseHead, OldClientsGetNoChunksAndAreToldWhenTheConnectionStays) {
  const std::string head =
      response_head({}, {.http11 = false, .keep_alive = true, .length = std::nullopt});
  EXPECT_THAT(head, StartsWith("HTTP/1.0 200 OK\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nConnection: keep-alive\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("chunked")));
}

TEST(ResponseHead, AConnectionThatEndsSaysSo) {
  EXPECT_THAT(response_head({}, {.http11 = true, .keep_alive = false, .length = std::nullopt}),
              HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(response_head({}, {}), Not(HasSubstr("Connection:")));
}

TEST(ResponseHead, EveryStatusHasAWholeLine) {
  Response response;
  for (const unsigned status : {200U, 400U, 404U, 405U, 413U, 414U, 417U, 431U, 500U, 503U}) {
    response.status = status;
    EXPECT_THAT(response_head(response, {}),
                StartsWith("HTTP/1.1 " + std::to_string(status) + " "));
  }
}

TEST(ResponseHead, EndsWithAnEmptyLine) {
  Response response;
  response.headers = {{"Allow", "GET, POST"}};
  const std::string head = response_head(response, {true, true, 0});
  EXPECT_THAT(head, HasSubstr("\r\nAllow: GET, POST\r\n"));
  EXPECT_EQ(head.substr(head.size() - 4), "\r\n\r\n");
  EXPECT_EQ(head.find("\r\n\r\n"), head.size() - 4);
}

TEST(ResponseHead, HasTheDateUnlessTheResponseHas) {
  HttpDate date;
  Framing framing{true, true, 0, date.of(from_us(784'111'777'999'999))};
  EXPECT_THAT(response_head({}, framing), HasSubstr("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
  EXPECT_EQ(date.of(from_us(784'111'778'000'000)), "Sun, 06 Nov 1994 08:49:38 GMT");
  framing.date = date.of(from_us(0));
  EXPECT_EQ(framing.date, "Thu, 01 Jan 1970 00:00:00 GMT");
  Response response;
  response.headers = {{"date", "Mon, 01 Jan 2024 00:00:00 GMT"}};
  EXPECT_THAT(response_head(response, framing), Not(HasSubstr("1970")));
}

}  // namespace
}  // namespace pelton::net
