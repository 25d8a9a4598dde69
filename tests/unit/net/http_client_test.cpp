// SPDX-License-Identifier: Apache-2.0
#include "engine/net/http_client.h"

#include "tests/s3/fake_s3.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gmock/gmock.h>

namespace pelton::net {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;
using namespace std::chrono_literals;
using Tcp = boost::asio::ip::tcp;

class HttpClientTest : public testing::Test {
 protected:
  // The server of the tests takes what has this header.
  HttpRequest request(const std::string& method, const std::string& path,
                      std::string_view body = {}) const {
    return {method, server_.url() + path, {{"authorization", "yes"}}, body};
  }

  test::FakeS3 server_;
  HttpClientOptions options_;
};

TEST_F(HttpClientTest, SendsBodiesAndGetsThem) {
  HttpClient client(options_);
  const std::string large(3U << 20, 'x');
  for (const std::string& body : {std::string(), std::string("a\0b", 3), large}) {
    const auto put = client.send(request("PUT", "/bucket/k", body));
    ASSERT_TRUE(put) << put.error().text();
    EXPECT_EQ(put->status, 200);
    const auto got = client.send(request("GET", "/bucket/k"));
    ASSERT_TRUE(got) << got.error().text();
    EXPECT_EQ(got->body, body);
  }
}

TEST_F(HttpClientTest, NamesOfHeadersAreLowerCaseAndOnlyItsOwnAreSent) {
  HttpClient client(options_);
  ASSERT_TRUE(client.send(request("PUT", "/bucket/k", "x")));
  const auto head = client.send(request("HEAD", "/bucket/k"));
  ASSERT_TRUE(head) << head.error().text();
  EXPECT_EQ(head->body, "");
  ASSERT_NE(head->header("etag"), nullptr);
  EXPECT_EQ(*head->header("etag"), '"' + server_.get("k").etag + '"');
  EXPECT_EQ(head->header("none"), nullptr);
  ASSERT_TRUE(client.send(request("POST", "/bucket/k?uploads")));
  ASSERT_TRUE(client.send(request("POST", "/bucket/k?uploadId=u%201", "x")));
  EXPECT_TRUE(server_.get("k").headers.empty()) << "libcurl adds a content type to a POST";
}

TEST_F(HttpClientTest, ThePathIsSentAsItIs) {
  HttpClient client(options_);
  ASSERT_TRUE(client.send(request("PUT", "/bucket/a/../b%2Fc", "x")));
  EXPECT_EQ(server_.requests().back(), "PUT /bucket/a/../b%2Fc");
}

TEST_F(HttpClientTest, EveryStatusIsAnAnswer) {
  HttpClient client(options_);
  for (const int status : {201, 301, 404, 500}) {
    server_.fail_next(status, "Code");
    const auto answer = client.send(request("GET", "/bucket/k"));
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->status, status);
  }
}

TEST_F(HttpClientTest, ABodyBeyondTheBoundIsRefused) {
  options_.max_body = 1'000;
  HttpClient client(options_);
  server_.put("fits", std::string(1'000, 'x'));
  server_.put("large", std::string(1'001, 'x'));
  EXPECT_TRUE(client.send(request("GET", "/bucket/fits")));
  const auto large = client.send(request("GET", "/bucket/large"));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().kind, ErrorKind::invalid);
  EXPECT_THAT(large.error().message, HasSubstr("1000 bytes"));
  EXPECT_TRUE(client.send(request("GET", "/bucket/fits")));
}

TEST_F(HttpClientTest, ARefusedConnectionIsUnavailableAndTheNextWorks) {
  HttpClient client(options_);
  server_.set_down(true);
  const auto refused = client.send(request("GET", "/bucket/k"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  server_.set_down(false);
  EXPECT_TRUE(client.send(request("GET", "/bucket/k")));
}

TEST_F(HttpClientTest, WhatIsNoUrlIsInvalid) {
  HttpClient client(options_);
  for (const char* url : {"", "ftp://localhost/", "file:///etc/passwd"}) {
    const auto answer = client.send({"GET", url, {}, {}});
    ASSERT_FALSE(answer) << url;
    EXPECT_EQ(answer.error().kind, ErrorKind::invalid) << url;
  }
}

// Takes connections and says nothing.
class HttpClientAndSilence : public testing::Test {
 protected:
  HttpRequest request() const {
    return {"GET", fmt::format("http://127.0.0.1:{}/", acceptor_.local_endpoint().port()), {}, {}};
  }
  boost::asio::io_context io_;
  Tcp::acceptor acceptor_{io_, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
};

TEST_F(HttpClientAndSilence, AnAnswerThatTakesTooLongIsUnavailable) {
  HttpClientOptions options;
  options.time = 50ms;
  HttpClient client(options);
  const auto answer = client.send(request());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
}

TEST_F(HttpClientAndSilence, AWaitEndsAtItsDeadlineAndARequestCanBeGivenUp) {
  HttpClient client({});
  client.start(request());
  EXPECT_FALSE(client.wait(steady_clock::now() + 10ms));
  EXPECT_FALSE(client.wait(steady_clock::now()));
  client.cancel();
  client.start(request());
  EXPECT_FALSE(client.wait(steady_clock::now() + 10ms));
}

}  // namespace
}  // namespace pelton::net
