// SPDX-License-Identifier: Apache-2.0
// The routes over a real Unix socket.
#include "tests/unit/http/server_fixture.h"

#include <sys/stat.h>

#include <algorithm>
#include <thread>

namespace pelton::http {
namespace {

TEST_F(ServerTest, OnlyTheUserMayOpenTheSocket) {
  start();
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(ServerTest, ADeadEnginesSocketIsTakenOverAndOnesOwnRemoved) {
  test::write_file(path, "left over");
  start();
  EXPECT_EQ(status("GET", "/v1/status"), "200");
  server.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(ServerTest, AFolderWithALongPathWorks) {
  const auto deep = folder.path() / std::string(150, 'd') / "data";
  std::filesystem::create_directories(deep);
  ServerOptions options;
  options.socket = deep / "admin.sock";
  EXPECT_TRUE(Server::start(options, backend.all()));
}

TEST_F(ServerTest, AnAddressThatIsTakenIsNamed) {
  start();
  ServerOptions second;
  second.socket = folder.path() / "other.sock";
  const std::string& taken = server->tcp_address();
  second.tcp = {"127.0.0.1",
                static_cast<std::uint16_t>(std::stoi(taken.substr(taken.rfind(':') + 1)))};
  const auto refused = Server::start(second, backend.all());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E5005");
  EXPECT_NE(refused.error().message.find(taken), std::string::npos);
  second.socket = folder.path() / "nowhere" / "admin.sock";
  EXPECT_EQ(Server::start(second, backend.all()).error().code, "E5005");
}

TEST_F(ServerTest, AnswersItsRoutes) {
  start();
  for (const char* route : {"/v1/status", "/readyz", "/readyz?verbose", "/livez", "/v1/offsets",
                            "/v1/dead-letters", "/v1/dead-letters/count"})
    EXPECT_EQ(status("GET", route), "200") << route;
  EXPECT_NE(request("GET", "/metrics").find("pelton_ready 1"), std::string::npos);
  const std::string answer =
      request("POST", "/v1/streams/s/events", "{\"data\":1}\n{\"data\":2}\n");
  EXPECT_EQ(body_of(answer), R"({"count":2,"produced":[{"partition":0,"offset":0,"count":2}]})"
                             "\n");
}

TEST_F(ServerTest, TcpServesMetricsAndHealthOnly) {
  start();
  auto ask = [&](const std::string& method, const std::string& target) {
    return status_line(Connection(server->tcp_address()).send(whole_request(method, target)).all());
  };
  EXPECT_EQ(ask("GET", "/metrics"), "HTTP/1.1 200 OK");
  EXPECT_EQ(ask("GET", "/livez"), "HTTP/1.1 200 OK");
  EXPECT_EQ(ask("GET", "/v1/status"), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(ask("POST", "/v1/streams/s/events"), "HTTP/1.1 404 Not Found");
  const std::string large = "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";
  EXPECT_NE(Connection(server->tcp_address()).send(large).all().find("413"), std::string::npos);
}

TEST_F(ServerTest, ErrorsBecomeStatuses) {
  start();
  EXPECT_EQ(status("GET", "/v1/nothing"), "404");
  EXPECT_EQ(status("POST", "/v1/streams/other/events", "{\"data\":1}"), "404");
  EXPECT_EQ(status("GET", "/v1/streams/other/events"), "404");
  EXPECT_EQ(status("GET", "/v1/streams/s/events?partition=9"), "404");
  EXPECT_EQ(status("GET", "/v1/offsets?binding=nobody"), "404");
  const std::string wrong = request("DELETE", "/v1/streams/s/events");
  EXPECT_EQ(status_line(wrong), "HTTP/1.1 405 Method Not Allowed");
  EXPECT_NE(wrong.find("Allow: POST, GET"), std::string::npos) << wrong;
  backend.fail_with(Error{ErrorKind::overloaded, "E4108", "full"});
  const std::string full = request("GET", "/v1/streams/s/events?partition=0");
  EXPECT_EQ(status_line(full), "HTTP/1.1 503 Service Unavailable");
  EXPECT_NE(full.find("Retry-After: 1"), std::string::npos);
  EXPECT_EQ(body_of(full), R"({"error":{"code":"E4108","kind":"overloaded","message":"full"}})"
                           "\n");
  backend.fail_with(Error{ErrorKind::corrupt, "E4103", "broken"});
  EXPECT_EQ(status("GET", "/v1/status"), "500");
}

TEST_F(ServerTest, ABadLineIsNamedAndNothingIsAppended) {
  start();
  const std::string body = "{\"data\":1}\n\n{\"data\":2,\"dta\":3}\n";
  const std::string answer = body_of(request("POST", "/v1/streams/s/events?first_line=101", body));
  EXPECT_NE(answer.find("line 103: column 11: unknown member"), std::string::npos) << answer;
  EXPECT_EQ(backend.stored("s"), 0U);
  EXPECT_EQ(status("POST", "/v1/streams/s/events", "\n\n"), "400");
  EXPECT_EQ(status("POST", "/v1/streams/s/events", ""), "400");
}

TEST_F(ServerTest, DeadLettersByRangeFilterAndId) {
  for (int i = 0; i < 70; ++i) backend.letter(i, i % 2 == 0 ? "even" : "odd");
  start();
  auto lines = [&](const std::string& query) {
    const std::string body = body_of(request("GET", "/v1/dead-letters" + query));
    return std::ranges::count(body, '\n');
  };
  EXPECT_EQ(lines(""), 70);
  EXPECT_EQ(lines("?limit=5"), 5);
  EXPECT_EQ(lines("?contains=odd"), 35);
  EXPECT_EQ(lines("?after=job/0/59/0000000000000000"), 10);
  EXPECT_EQ(body_of(request("GET", "/v1/dead-letters?brief=true&limit=1")),
            "{\"id\":\"job/0/0/0000000000000000\",\"replays\":0}\n");
  const std::string one = body_of(request("GET", "/v1/dead-letters/job/0/7/0000000000000000"));
  EXPECT_NE(one.find("12345678901234567890123"), std::string::npos) << "numbers stay exact";
  EXPECT_EQ(status("GET", "/v1/dead-letters/job/0/99/0000000000000000"), "404");
  EXPECT_EQ(status("GET", "/v1/dead-letters/..%2f../0/1"), "404");
  EXPECT_EQ(status("GET", "/v1/dead-letters/../../etc/passwd"), "404");
  EXPECT_EQ(body_of(request("POST", "/v1/dead-letters/find",
                            R"({"ids":["job/0/1/0000000000000000","job/0/99/0000000000000000"]})")),
            "{\"letters\":[{\"id\":\"job/0/1/0000000000000000\",\"replays\":0}]}\n");
  EXPECT_EQ(body_of(request("POST", "/v1/dead-letters/replay",
                            R"({"ids":["job/0/1/0000000000000000"]})")),
            "{\"accepted\":1,\"missing\":0,\"running\":0}\n");
  EXPECT_EQ(
      body_of(request("POST", "/v1/dead-letters/purge", R"({"ids":["job/0/2/0000000000000000"]})")),
      "{\"purged\":1}\n");
  EXPECT_EQ(backend.purged, std::vector<std::string>{"job/0/2/0000000000000000"});
}

TEST_F(ServerTest, FunctionsAreRestarted) {
  start();
  EXPECT_EQ(body_of(request("POST", "/v1/functions/work/restart")), "{\"workers\":2}\n");
  EXPECT_EQ(status("POST", "/v1/functions/wrok/restart"), "404");
  EXPECT_EQ(status("POST", "/v1/bindings/old-binding/forget"), "200");
  EXPECT_EQ(body_of(request("POST", "/v1/bindings/job/pause")), "{\"paused\":true}\n");
  EXPECT_EQ(body_of(request("POST", "/v1/bindings/job/resume")), "{\"paused\":false}\n");
  EXPECT_EQ(status("POST", "/v1/bindings/jbo/pause"), "404");
  EXPECT_EQ(status("POST", "/v1/streams/old-stream/forget"), "200");
  EXPECT_NE(body_of(request("POST", "/v1/streams/old-binding/forget")).find("E4109"),
            std::string::npos);
}

TEST_F(ServerTest, ConfigsAreComparedAndReloaded) {
  start();
  EXPECT_EQ(body_of(request("GET", "/v1/config/plan?file=/a%20b.yaml")),
            "{\"file\":\"/a b.yaml\"}\n");
  EXPECT_EQ(body_of(request("GET", "/v1/config/plan?file=/a.yaml&file=/b.yaml")),
            "{\"file\":\"/a.yaml, /b.yaml\"}\n");
  EXPECT_EQ(body_of(request("GET", "/v1/config/plan")), "{\"file\":\"\"}\n");
  EXPECT_EQ(status("GET", "/v1/config/plan?file=b.yaml"), "400");
  EXPECT_EQ(status("GET", "/v1/config/plan?file=/a.yaml&file=-"), "400");
  EXPECT_EQ(status("GET", "/v1/config/plan?file%2b=/a.yaml"), "400");
  EXPECT_EQ(body_of(request("POST", "/v1/config/reload")), "{\"reloaded\":true}\n");
  EXPECT_EQ(status("GET", "/v1/config/reload"), "405");
}

TEST_F(ServerTest, AConfigThatIsNotReloadedHasItsStatus) {
  start();
  using Outcome = ConfigReview::Outcome;
  for (const auto& [outcome, expected] :
       {std::pair(Outcome::invalid, "422"), std::pair(Outcome::refused, "409"),
        std::pair(Outcome::failed, "500")}) {
    backend.outcome = outcome;
    EXPECT_EQ(status("POST", "/v1/config/reload"), expected);
    EXPECT_EQ(body_of(request("GET", "/v1/config/plan")), "{\"file\":\"\"}\n");
  }
}

TEST_F(ServerTest, SeekSaysWhatChanges) {
  start();
  const std::string body =
      R"({"binding":"job","to":"by","offset":-5,"partition":1,"dry_run":true})";
  EXPECT_EQ(body_of(request("POST", "/v1/offsets/seek", body)),
            R"({"changes":[{"partition":0,"from":9,"to":4,"events":-5},)"
            R"({"partition":1,"from":2,"to":2,"events":0}],)"
            R"("skipped":[{"partition":2,"reason":"E5022: another engine has it"}]})"
            "\n");
  EXPECT_EQ(backend.last_seek.offset, -5);
  EXPECT_EQ(backend.last_seek.partition, 1U);
  EXPECT_TRUE(backend.last_seek.dry_run);
  EXPECT_EQ(body_of(request("GET", "/v1/offsets?binding=job")),
            R"({"offsets":[{"binding":"job","stream":"input","partition":0,"cursor":5,"end":9,)"
            R"("lag_events":4,"lag_seconds":1.5}]})"
            "\n");
}

TEST_F(ServerTest, AnswersAfterTheServersEndAreDropped) {
  start();
  backend.hold();
  Connection waiting(path);
  waiting.send(whole_request("GET", "/v1/status"));
  Connection streaming(path);
  streaming.send(whole_request("GET", "/v1/streams/s/events?partition=0&follow=true"));
  while (backend.held() < 2) std::this_thread::yield();
  server.reset();
  backend.release();
  EXPECT_EQ(waiting.all(), "");
}

TEST_F(ServerTest, HeadIsGetWithoutABody) {
  start();
  const std::string get = request("GET", "/v1/offsets");
  const std::string head = request("HEAD", "/v1/offsets");
  EXPECT_EQ(head, get.substr(0, get.find("\r\n\r\n") + 4));
  EXPECT_EQ(status("HEAD", "/v1/nothing"), "404");
  EXPECT_EQ(body_of(request("HEAD", "/v1/streams/s/events")), "");
  EXPECT_EQ(status("HEAD", "/v1/dead-letters/find"), "405");
}

TEST_F(ServerTest, TargetsMayNameTheServer) {
  start();
  EXPECT_EQ(status("GET", "http://x/livez"), "200");
  EXPECT_EQ(status("GET", "HTTP://x:80/v1/offsets?binding=job"), "200");
  EXPECT_EQ(status("GET", "http://x"), "404");
  EXPECT_EQ(status("GET", "ftp://x/livez"), "400");
}

TEST_F(ServerTest, MetricsAreCompressedForThoseWhoAcceptIt) {
  start();
  auto ask = [this](const std::string& accept) {
    return talk("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: " +
                accept + "\r\n\r\n");
  };
  for (const char* yes : {"gzip", "deflate, gzip;q=0.5", "*"}) {
    const std::string answer = ask(yes);
    EXPECT_NE(answer.find("Content-Encoding: gzip"), std::string::npos) << yes;
    EXPECT_TRUE(body_of(answer).starts_with("\x1f\x8b")) << yes;
    EXPECT_LT(body_of(answer).size(), body_of(request("GET", "/metrics")).size() / 2);
  }
  for (const char* no : {"identity", "gzip;q=0", "br"})
    EXPECT_EQ(ask(no).find("Content-Encoding"), std::string::npos) << no;
}

}  // namespace
}  // namespace pelton::http
