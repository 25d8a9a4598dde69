// SPDX-License-Identifier: Apache-2.0
// Bytes that no well-behaved client sends; afterwards the server still answers others.
#include "engine/http/admin/produce.h"
#include "tests/unit/http/server_fixture.h"

#include <chrono>
#include <deque>
#include <thread>

namespace pelton::http {
namespace {

using namespace std::chrono_literals;

class HostileTest : public ServerTest {
 protected:
  void TearDown() override {
    EXPECT_EQ(backend.stored("s"), 0U);
    EXPECT_EQ(status("GET", "/v1/status"), "200") << "nothing else is disturbed";
  }
  std::string code(const std::string& bytes) const {
    const std::string line = status_line(talk(bytes));
    return line.size() > 12 ? line.substr(9, 3) : line;
  }
};

TEST_F(HostileTest, HeadersAndTargetsBeyondTheirLimits) {
  start();
  EXPECT_EQ(code("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"),
            "431");
  EXPECT_EQ(code("GET /" + std::string(10'000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n"), "414");
  std::string many = "GET /livez HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 200; ++i) many += fmt::format("X{}: 1\r\n", i);
  EXPECT_EQ(code(many + "\r\n"), "431");
}

TEST_F(HostileTest, BodiesBeyondTheirLimits) {
  net::Limits limits;
  limits.body = 1000;
  start(limits);
  const std::string post = "POST /v1/streams/s/events HTTP/1.1\r\nHost: x\r\n";
  EXPECT_EQ(code(post + "Content-Length: 999999999999\r\n\r\n"), "413");
  EXPECT_EQ(code(post + "Content-Length: 99999999999999999999999\r\n\r\n"), "400");
  EXPECT_EQ(code(post + "Content-Length: -1\r\n\r\n"), "400");
  EXPECT_EQ(code(post + "Transfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2000, ' ')),
            "413");
  EXPECT_EQ(code(post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"), "400");
  EXPECT_EQ(code(post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "400");
}

TEST_F(HostileTest, TwoLengthsAreRefused) {
  start();
  const std::string post = "POST /v1/streams/s/events HTTP/1.1\r\nHost: x\r\n";
  const std::string event = "{\"data\":1}";
  EXPECT_EQ(code(post + "Content-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            "400");
  EXPECT_EQ(code(post + "Transfer-Encoding: chunked\r\nContent-Length: 10\r\n\r\n0\r\n\r\n"),
            "400");
  EXPECT_EQ(code(post + "Content-Length: 10\r\nContent-Length: 11\r\n\r\n" + event), "400");
}

TEST_F(HostileTest, WhatIsNoRequest) {
  start();
  EXPECT_EQ(code("complete nonsense\r\n\r\n"), "400");
  EXPECT_EQ(code("GET /livez\r\n\r\n"), "400");
  EXPECT_EQ(code("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "400");
  EXPECT_EQ(code(std::string(1000, '\0')), "400");
  EXPECT_EQ(code("GET /v1/%zz HTTP/1.1\r\nHost: x\r\n\r\n"), "400");
  EXPECT_EQ(code("GET /v1/%00 HTTP/1.1\r\nHost: x\r\n\r\n"), "400");
  EXPECT_EQ(code("GET * HTTP/1.1\r\nHost: x\r\n\r\n"), "400");
  EXPECT_EQ(
      talk("POST /v1/streams/s/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"data\""),
      "");
}

TEST_F(HostileTest, ASlowHeaderAndASlowBodyAreCutOff) {
  net::Limits limits;
  limits.header_time = 100ms;
  limits.body_time = 100ms;
  start(limits);
  Connection nothing(path);
  Connection header(path);
  header.send("GET / HTTP/1.1\r\nHost: x\r\nX: ");
  Connection body(path);
  body.send("POST /v1/streams/s/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
  EXPECT_TRUE(nothing.closed_by_peer());
  EXPECT_TRUE(header.closed_by_peer());
  EXPECT_TRUE(body.closed_by_peer());
}

TEST_F(HostileTest, HealthIsAnsweredThoughHalfOpenConnectionsFillEveryPlace) {
  start();
  std::deque<Connection> idle;
  for (std::size_t i = 0; i < net::Limits{}.connections + 50; ++i) {
    idle.emplace_back(path);
    idle.back().send("GET /livez HT");
  }
  EXPECT_EQ(status("GET", "/livez"), "200");
  EXPECT_TRUE(idle.front().closed_by_peer()) << "the slowest peer gives way";
  EXPECT_EQ(status_line(idle.back().send("TP/1.1\r\nHost: x\r\n\r\n").until("\r\n\r\n")),
            "HTTP/1.1 200 OK")
      << "a newcomer has its time";
}

TEST_F(HostileTest, HealthHasAReserveWhenEveryConnectionIsBusy) {
  net::Limits limits;
  limits.connections = 4;
  limits.reserve = 2;
  start(limits);
  backend.hold();
  std::deque<Connection> busy;
  for (std::size_t i = 0; i < limits.connections; ++i)
    busy.emplace_back(path).send(whole_request("GET", "/v1/status"));
  while (backend.held() < limits.connections) std::this_thread::yield();
  EXPECT_EQ(status("GET", "/livez"), "200");
  EXPECT_EQ(status("GET", "/v1/status"), "503") << "the reserve is for health checks";
  backend.release();
  for (Connection& each : busy) EXPECT_EQ(status_line(each.all()), "HTTP/1.1 200 OK");
}

TEST_F(HostileTest, BodiesThatRestHoldOnlyWhatHasCome) {
  start();
  std::deque<Connection> resting;
  for (int i = 0; i < 20; ++i)
    resting.emplace_back(path).send(
        "POST /v1/streams/s/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
        "chunked\r\n\r\n1\r\n ");
  EXPECT_EQ(status("POST", "/v1/streams/wide/events", "{\"data\":1}"), "200");
}

TEST_F(HostileTest, TheSlowestBodyGivesWayWhenTheMemoryIsFull) {
  net::Limits limits;
  limits.body = 3000;
  limits.pot = 3500;
  start(limits);
  const std::string head =
      "POST /v1/streams/wide/events HTTP/1.1\r\nHost: x\r\nContent-Length: 3000\r\nExpect: "
      "100-continue\r\n\r\n";
  Connection slow(path);
  slow.send(head).until("\r\n\r\n");
  slow.send(std::string(1500, ' '));
  std::string event = "{\"data\":\"" + std::string(2900, 'x') + "\"}";
  event.resize(3000, ' ');
  // Until the server has read what the slow one sent, both fit.
  std::string answer;
  while (!slow.anything_within(0ms)) answer = status("POST", "/v1/streams/wide/events", event);
  EXPECT_TRUE(slow.closed_by_peer());
  EXPECT_EQ(answer, "200");
}

TEST(HostileReader, AnAnswerThatNobodyReadsGivesWayWhenTheMemoryIsFull) {
  constexpr std::size_t kAnswer = 8U << 20;
  struct Handler final : net::RequestHandler {
    void handle(net::Request&&, net::Reply reply) override {
      reply({200, "text/plain", std::string(kAnswer, 'x')});
    }
    bool is_health_check(const net::Request&) const override { return false; }
  } handler;
  net::Limits limits;
  limits.pot = kAnswer;
  limits.pot_of_answers = true;
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "socket";
  const auto server = net::Server::start({{.socket = path, .handler = &handler, .limits = limits}});
  ASSERT_TRUE(server) << server.error().text();
  Connection resting(path);
  resting.send(whole_request("GET", "/")).until("\r\n\r\n");
  EXPECT_EQ(body_of(Connection(path).send(whole_request("GET", "/")).all()).size(), kAnswer);
  EXPECT_LT(resting.all().size(), kAnswer);
}

TEST_F(HostileTest, ARequestWithoutABodyIsAnsweredAtOnce) {
  start();
  EXPECT_EQ(code("POST /v1/streams/s/events HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                 "Connection: close\r\nContent-Length: 0\r\n\r\n"),
            "400")
      << "not 100";
}

TEST_F(HostileTest, WhatMakesTheLengthOfABodyDoubtfulIsRefused) {
  start();
  const std::string smuggled = "0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const char* header :
       {"Transfer-Encoding: xchunked", "Transfer-Encoding: identity", "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked, identity", "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: \x0b"
        "chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 6", "Content-Length: +5", "Content-Length: 0x5",
        "X: a\r\n Content-Length: 5", "X: a\nContent-Length: 5", "X: a\rContent-Length: 5"}) {
    const std::string answer =
        talk(std::string("POST /v1/streams/s/events HTTP/1.1\r\nHost: x\r\n") + header +
             "\r\n\r\n" + smuggled);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400")) << header << "\n" << answer;
    EXPECT_EQ(answer.find("200 OK"), std::string::npos) << header;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos) << header;
  }
  EXPECT_EQ(
      code("POST /v1/streams/s/events HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled),
      "400");
}

TEST_F(HostileTest, TheHostIsSaidOnce) {
  start();
  EXPECT_EQ(code("GET /livez HTTP/1.1\r\n\r\n"), "400");
  EXPECT_EQ(code("GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), "400");
  EXPECT_EQ(code("GET /livez HTTP/1.0\r\n\r\n"), "200");
}

TEST_F(HostileTest, AnEarlyRefusalArrivesThoughTheBodyIsStillBeingSent) {
  start();
  const std::string head = "POST /v1/streams/s/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: ";
  Connection connection(server->tcp_address());
  connection.send(head + "16000\r\n\r\n");
  connection.send(std::string(8000, 'x'));
  EXPECT_EQ(status_line(connection.all()), "HTTP/1.1 404 Not Found");
}

TEST_F(HostileTest, MoreEventsThanARequestTakes) {
  start();
  std::string lines;
  for (std::size_t i = 0; i <= kMaxRequestEvents; ++i) lines += "{}\n";
  const std::string answer = request("POST", "/v1/streams/s/events", lines);
  EXPECT_EQ(status_line(answer), "HTTP/1.1 413 Payload Too Large");
  EXPECT_NE(body_of(answer).find("at most 100000 events"), std::string::npos) << answer;
}

TEST_F(HostileTest, RequestsInOnePieceAreAnsweredInOrder) {
  start();
  const std::string one = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string answers = talk(one + one + whole_request("GET", "/v1/nothing") + one);
  std::size_t ok = 0;
  for (std::size_t at = 0; (at = answers.find("200 OK", at)) != std::string::npos; ++at) ++ok;
  EXPECT_EQ(ok, 2U) << "what follows a closing request is not looked at";
  EXPECT_GT(answers.find("404"), answers.rfind("200 OK"));
}

TEST_F(HostileTest, BodiesThatAreNotWhatTheRouteTakes) {
  start();
  auto post = [&](const std::string& target, const std::string& body) {
    return status("POST", target, body);
  };
  for (const char* body : {"[]", "{}", R"({"ids":[1]})", R"({"ids":"a"})", "{\"ids\":[", "",
                           R"({"ids":[],"ids":[]})", R"({"ids":["a"],"dry":1})"}) {
    EXPECT_EQ(post("/v1/dead-letters/find", body), "400") << body;
    EXPECT_EQ(post("/v1/dead-letters/replay", body), "400") << body;
    EXPECT_EQ(post("/v1/dead-letters/purge", body), "400") << body;
  }
  for (const char* body :
       {"[]", "{}", R"({"binding":"job"})", R"({"binding":"job","to":"offset"})",
        R"({"binding":"job","to":"earliest","partition":"0"})",
        R"({"binding":"job","to":"earliest","partition":-1})",
        R"({"binding":"job","to":"earliest","partitoin":0})",
        R"({"binding":"job","to":"offset","offset":-1})",
        R"({"binding":"job","to":"offset","offset":1e99})",
        R"({"binding":"job","to":"time","time":"now"})",
        R"({"binding":"job","to":"latest","time":"2026-01-01T00:00:00Z"})",
        R"({"binding":"job","to":"latest","dry_run":"yes"})", R"({"to":"latest"})"})
    EXPECT_EQ(post("/v1/offsets/seek", body), "400") << body;
  EXPECT_EQ(backend.last_seek.binding, "");
  EXPECT_TRUE(backend.purged.empty());
}

TEST_F(HostileTest, ParametersThatAreUnknownOrMalformed) {
  start();
  for (const char* target :
       {"/v1/streams/s/events?from=yesterday", "/v1/streams/s/events?from=-1",
        "/v1/streams/s/events?partition=x", "/v1/streams/s/events?partition=4294967296",
        "/v1/streams/s/events?limit=1x", "/v1/streams/s/events?follow=maybe",
        "/v1/streams/s/events?form=latest", "/v1/dead-letters?bindng=job",
        "/v1/dead-letters?since=now", "/v1/dead-letters?limit=-1", "/v1/offsets?stream=s"})
    EXPECT_EQ(status("GET", target), "400") << target;
}

TEST_F(HostileTest, EveryRefusalSaysWhat) {
  start();
  const std::pair<const char*, const char*> words[] = {
      {"/v1/streams/s/events?partition=x&follow=maybe", "partition is not a number"},
      {"/v1/streams/s/events?follow=maybe&from=yesterday", "follow is true or false"},
      {"/v1/dead-letters?since=now", "since: \\\"now\\\" is not a time with a zone"},
      {"/v1/dead-letters?bindng=job&until=now", "unknown parameter"}};
  for (const auto& [target, part] : words) {
    const std::string said = body_of(request("GET", target));
    EXPECT_NE(said.find(part), std::string::npos) << said;
    EXPECT_NE(said.find("E5002"), std::string::npos) << said;
  }
  const std::string seek =
      body_of(request("POST", "/v1/offsets/seek", R"({"binding":"job","to":"time","time":"now"})"));
  EXPECT_NE(seek.find("is not a time with a zone"), std::string::npos) << seek;
}

}  // namespace
}  // namespace pelton::http
