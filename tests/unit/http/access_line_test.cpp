// SPDX-License-Identifier: Apache-2.0
#include "engine/http/access_line.h"

#include <gtest/gtest.h>

namespace pelton::http {
namespace {

using Format = config::AccessLogFormat;

net::LoggedRequest sample_request() {
  net::LoggedRequest request;
  request.at = from_us(971'211'336'123'456);
  request.took = std::chrono::microseconds(1730);
  request.connected = request.client = "192.0.2.7";
  request.method = "GET";
  request.target = "/a?b=1";
  request.host = "api.example.com";
  request.user_agent = "curl/8";
  request.status = 200;
  request.bytes = 512;
  return request;
}

TEST(AccessLine, HasOneRequestEachFormat) {
  net::LoggedRequest request = sample_request();
  EXPECT_EQ(access_line(request, Format::json),
            R"({"time":"2000-10-10T20:55:36.123Z","client":"192.0.2.7","method":"GET",)"
            R"("target":"/a?b=1","host":"api.example.com","user_agent":"curl/8","https":false,)"
            R"("status":200,"bytes":512,"seconds":0.001730})");
  const std::string common =
      R"(192.0.2.7 - - [10/Oct/2000:20:55:36 +0000] "GET /a?b=1 HTTP/1.1" 200 512)";
  EXPECT_EQ(access_line(request, Format::common), common);
  EXPECT_EQ(access_line(request, Format::combined), common + R"( "-" "curl/8")");
  request.client = "203.0.113.5";
  request.status = 0;
  EXPECT_NE(
      access_line(request, Format::json).find(R"("client":"203.0.113.5","proxy":"192.0.2.7")"),
      std::string::npos);
  EXPECT_NE(access_line(request, Format::json).find(R"("status":499)"), std::string::npos);
}

TEST(AccessLine, WhateverIsSentItIsOneLine) {
  net::LoggedRequest request = sample_request();
  request.target = "/\"\n\x1b[31m\xff";
  request.user_agent = "a\" 200 1 \"\r\nb\\";
  EXPECT_EQ(access_line(request, Format::combined),
            R"(192.0.2.7 - - [10/Oct/2000:20:55:36 +0000] "GET /\x22\x0A\x1B[31m\xFF HTTP/1.1")"
            R"( 200 512 "-" "a\x22 200 1 \x22\x0D\x0Ab\x5C")");
  const std::string json = access_line(request, Format::json);
  for (const char c : json) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
}

TEST(AccessLine, WhatIsNoRequestHasNone) {
  net::LoggedRequest request;
  request.connected = request.client = "192.0.2.7";
  request.status = 400;
  EXPECT_EQ(access_line(request, Format::json),
            R"({"time":"1970-01-01T00:00:00Z","client":"192.0.2.7","https":false,)"
            R"("status":400,"bytes":0,"seconds":0.000000})");
  EXPECT_EQ(access_line(request, Format::common),
            R"(192.0.2.7 - - [01/Jan/1970:00:00:00 +0000] "-" 400 0)");
}

}  // namespace
}  // namespace pelton::http
