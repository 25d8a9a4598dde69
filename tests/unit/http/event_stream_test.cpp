// SPDX-License-Identifier: Apache-2.0
// Events as they are read while they are sent.
#include "tests/unit/http/server_fixture.h"

#include <algorithm>
#include <thread>

namespace pelton::http {
namespace {

class EventStreamTest : public ServerTest {
 protected:
  std::string events(const std::string& stream, const std::string& query = "") const {
    return body_of(request("GET", "/v1/streams/" + stream + "/events?" + query));
  }
  // "0:a 0:b 2:c": partition and data, in the order in which they came.
  static std::string summary(const std::string& lines) {
    std::string out;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = lines.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      const std::string line = lines.substr(begin, end - begin);
      const auto data = line.find("\"data\":\"") + 8;
      out += (out.empty() ? "" : " ") + line.substr(13, line.find(',') - 13) + ":" +
             line.substr(data, line.find('"', data) - data);
    }
    return out;
  }
};

TEST_F(EventStreamTest, PartitionsComeOneAfterAnother) {
  backend.append("wide", 0, {"a", "b"});
  backend.append("wide", 2, {"c"});
  start();
  EXPECT_EQ(summary(events("wide")), "0:a 0:b 2:c");
  EXPECT_EQ(summary(events("wide", "partition=2")), "2:c");
  EXPECT_EQ(summary(events("wide", "limit=2")), "0:a 0:b");
  EXPECT_EQ(summary(events("wide", "from=1")), "0:b");
  EXPECT_EQ(summary(events("wide", "from=offset:1")), "0:b");
  EXPECT_EQ(summary(events("wide", "from=time:2000-01-01T00:00:00Z")), "0:a 0:b 2:c");
  EXPECT_EQ(events("wide", "from=latest"), "");
  EXPECT_EQ(events("wide", "limit=0"), "");
}

TEST_F(EventStreamTest, ManyPiecesMakeOneBody) {
  backend.append("s", 0, std::vector<std::string>(50, std::string(100'000, 'x')));
  start();
  const std::string answer = request("GET", "/v1/streams/s/events");
  EXPECT_NE(answer.find("Transfer-Encoding: chunked"), std::string::npos);
  const std::string body = body_of(answer);
  EXPECT_EQ(std::ranges::count(body, '\n'), 50);
  EXPECT_GT(backend.reads, 3);
}

// They take 30 bytes each where they are stored, and 100 here.
TEST_F(EventStreamTest, APieceIsBoundedInWhatIsSent) {
  backend.append("s", 0, std::vector<std::string>(20'000, ""));
  start();
  const std::string body = body_of(request("GET", "/v1/streams/s/events"));
  EXPECT_EQ(std::ranges::count(body, '\n'), 20'000);
  EXPECT_NE(body.find("\"offset\":19999,"), std::string::npos);
  EXPECT_GE(backend.reads, 2);
}

TEST_F(EventStreamTest, OldClientsGetNoChunks) {
  backend.append("s", 0, std::vector<std::string>(30, std::string(100'000, 'x')));
  start();
  const std::string answer = talk("GET /v1/streams/s/events HTTP/1.0\r\n\r\n");
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
  EXPECT_EQ(std::ranges::count(body_of(answer), '\n'), 30);
}

TEST_F(EventStreamTest, FollowingShowsWhatIsAppended) {
  backend.append("wide", 1, {"old"});
  start();
  Connection follower(path);
  follower.send("GET /v1/streams/wide/events?follow=true HTTP/1.1\r\nHost: x\r\n\r\n").until("old");
  for (const char* data : {"first", "second"}) {
    backend.append("wide", 2, {data});
    EXPECT_NE(follower.until(data).find(data), std::string::npos);
  }
}

TEST_F(EventStreamTest, FollowingFromTheEndBeginsWithTheNextEvent) {
  backend.append("wide", 1, {"old"});
  start();
  Connection follower(path);
  follower.send(
      "GET /v1/streams/wide/events?follow=true&from=latest&limit=1 HTTP/1.1\r\nHost: x\r\n\r\n");
  while (backend.reads < 6) std::this_thread::yield();  // every partition's end is known
  backend.append("wide", 1, {"new"});
  EXPECT_EQ(summary(body_of(follower.until("0\r\n\r\n"))), "1:new");
}

TEST_F(EventStreamTest, AFollowerThatLeavesIsNoLongerReadFor) {
  start();
  Connection follower(path);
  follower.send("GET /v1/streams/s/events?follow=true HTTP/1.1\r\nHost: x\r\n\r\n")
      .until("\r\n\r\n");
  follower.close();
  // It is noticed with the next look: reads stop.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (int before = -1; before != backend.reads;) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    before = backend.reads;
    const auto later = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
    while (std::chrono::steady_clock::now() < later) status("GET", "/livez");
  }
}

TEST_F(EventStreamTest, AFollowerThatOnlyListensGoesOn) {
  start();
  Connection follower(path);
  follower.send("GET /v1/streams/s/events?follow=true&limit=1 HTTP/1.1\r\nHost: x\r\n\r\n")
      .finish();
  follower.until("\r\n\r\n");
  while (backend.reads < 3) std::this_thread::yield();
  backend.append("s", 0, {"x"});
  EXPECT_EQ(summary(body_of(follower.until("0\r\n\r\n"))), "0:x");
}

TEST_F(EventStreamTest, AnErrorInTheMiddleIsTheLastLineOfAnUnfinishedBody) {
  start();
  Connection follower(path);
  follower.send("GET /v1/streams/s/events?follow=true HTTP/1.1\r\nHost: x\r\n\r\n")
      .until("\r\n\r\n");
  backend.fail_with(Error{ErrorKind::corrupt, "E4103", "batch 7 is damaged"});
  const std::string answer = follower.all();
  EXPECT_NE(answer.find(R"({"error":{"code":"E4103")"), std::string::npos);
  EXPECT_EQ(answer.find("\r\n0\r\n\r\n"), std::string::npos) << "no proper end";
}

TEST_F(EventStreamTest, AReaderThatTakesNothingIsLetGo) {
  backend.append("s", 0, std::vector<std::string>(100, std::string(100'000, 'x')));
  net::Limits limits;
  limits.stall_time = std::chrono::milliseconds(100);
  start(limits);
  Connection lazy(path);
  lazy.send("GET /v1/streams/s/events HTTP/1.1\r\nHost: x\r\n\r\n");
  while (backend.reads < 1) std::this_thread::yield();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  while (std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(lazy.all().find("\r\n0\r\n\r\n"), std::string::npos) << "it did not get everything";
}

}  // namespace
}  // namespace pelton::http
