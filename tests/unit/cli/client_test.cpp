// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/client.h"

#include "engine/base/unique_fd.h"
#include "tests/contract/temporary_folder.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <thread>

namespace pelton::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

// An engine that answers as a script says: one list for each connection, one text for each request,
// then the connection is closed. Without a connection left it is gone.
class ScriptedEngine {
 public:
  using Script = std::vector<std::vector<std::string>>;

  explicit ScriptedEngine(Script script) : script_(std::move(script)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    listening_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    EXPECT_EQ(::listen(listening_.get(), 8), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedEngine() {
    ::shutdown(listening_.get(), SHUT_RDWR);
    thread_.join();
  }

  std::string path() const { return (folder_.path() / "admin.sock").string(); }
  // "GET /a" of each request, once all connections have been served.
  std::vector<std::string> requests() {
    ::shutdown(listening_.get(), SHUT_RDWR);
    thread_.join();
    thread_ = std::thread([] {});
    return requests_;
  }

 private:
  void serve() {
    for (const auto& answers : script_) {
      const UniqueFd connection(::accept(listening_.get(), nullptr, nullptr));
      if (!connection) return;
      for (const std::string& text : answers) {
        if (!read_request(connection.get())) break;
        EXPECT_EQ(::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
      }
    }
  }
  // Requests of these tests have a short head and no body.
  bool read_request(int connection) {
    std::string text;
    char byte = 0;
    while (!text.ends_with("\r\n\r\n")) {
      if (::read(connection, &byte, 1) != 1) return false;
      text += byte;
    }
    requests_.push_back(text.substr(0, text.find(" HTTP")));
    return true;
  }

  const test::TemporaryFolder folder_;
  const Script script_;
  UniqueFd listening_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

std::unique_ptr<Client> connected(const ScriptedEngine& engine) {
  auto client = Client::connect({.socket = engine.path()});
  EXPECT_TRUE(client) << client.error().text();
  return std::move(*client);
}

TEST(ClientTest, RequestsShareAConnection) {
  ScriptedEngine engine({{answer("200 OK", "one"), answer("200 OK", "two")}});
  const auto client = connected(engine);
  EXPECT_EQ(client->get("/a").value(), "one");
  EXPECT_EQ(client->post("/b", "").value(), "two");
  EXPECT_THAT(engine.requests(), ElementsAre("GET /a", "POST /b"));
}

TEST(ClientTest, AGetWhoseConnectionWasIdleIsSentOnceMore) {
  ScriptedEngine engine({{answer("200 OK", "one")}, {answer("200 OK", "two")}});
  const auto client = connected(engine);
  EXPECT_EQ(client->get("/a").value(), "one");
  EXPECT_EQ(client->get("/b").value(), "two");
}

TEST(ClientTest, LinesAreAskedForOnceMoreAsWell) {
  ScriptedEngine engine({{answer("200 OK", "one")}, {answer("200 OK", "x\ny\n")}});
  const auto client = connected(engine);
  EXPECT_EQ(client->get("/a").value(), "one");
  std::vector<std::string> lines;
  const auto visit = [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  };
  EXPECT_TRUE(client->lines("/b", visit));
  EXPECT_THAT(lines, ElementsAre("x", "y"));
}

// It may have been done already.
TEST(ClientTest, APostIsNotSentTwice) {
  ScriptedEngine engine({{answer("200 OK", "one")}, {answer("200 OK", "two")}});
  const auto client = connected(engine);
  EXPECT_EQ(client->get("/a").value(), "one");
  const auto second = client->post("/b", "");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "E5006");
}

// A connection that never answered was not idle: the engine has a reason.
TEST(ClientTest, AFirstRequestThatIsNotAnsweredHasFailed) {
  ScriptedEngine engine({{""}, {answer("200 OK", "late")}});
  const auto client = connected(engine);
  const auto first = client->get("/a");
  ASSERT_FALSE(first);
  EXPECT_THAT(first.error().message, HasSubstr("the engine went away during the answer"));
}

TEST(ClientTest, AnAnswerThatBreaksOffHasFailed) {
  ScriptedEngine engine(
      {{answer("200 OK", "one"), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"},
       {answer("200 OK", "again")}});
  const auto client = connected(engine);
  EXPECT_TRUE(client->get("/a"));
  EXPECT_FALSE(client->get("/b"));
}

constexpr Client::Patience kShort = std::chrono::milliseconds(50);

// Accepts connections, by its queue, and answers none, as an engine does that was stopped.
class SilentEngine {
 public:
  explicit SilentEngine(int backlog) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    EXPECT_EQ(::listen(listening_.get(), backlog), 0);
  }
  std::string path() const { return (folder_.path() / "admin.sock").string(); }

 private:
  const test::TemporaryFolder folder_;
  const UniqueFd listening_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

TEST(ClientTest, ASilentEngineIsNotWaitedForForEver) {
  const SilentEngine engine(8);
  const auto client = Client::connect({.socket = engine.path()}, kShort);
  ASSERT_TRUE(client) << client.error().text();
  const auto answer = (*client)->get("/v1/status");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "E5006");
  EXPECT_THAT(answer.error().message,
              HasSubstr("accepts connections but has not answered for 50ms"));
  const auto large = (*client)->post("/v1/streams/s/events", std::string(8U << 20, 'x'));
  ASSERT_FALSE(large) << "nobody takes it";
  EXPECT_EQ(large.error().code, "E5006");
}

TEST(ClientTest, AnEngineThatAcceptsNoMoreIsNotWaitedForForEver) {
  const SilentEngine engine(0);
  const auto first = Client::connect({.socket = engine.path()}, kShort);
  ASSERT_TRUE(first) << first.error().text();
  const auto second = Client::connect({.socket = engine.path()}, kShort);
  ASSERT_FALSE(second) << "its queue is full";
  EXPECT_EQ(second.error().code, "E5006");
}

TEST(ClientTest, AnAnswerThatStallsIsGivenUp) {
  ScriptedEngine engine(
      ScriptedEngine::Script{{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "x"}});
  const auto client = Client::connect({.socket = engine.path()}, kShort);
  ASSERT_TRUE(client);
  const auto answer = (*client)->get("/a");
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("has not answered for 50ms"));
}

TEST(ClientTest, ErrorsOfTheEngineKeepTheirCodeAndKind) {
  ScriptedEngine engine(
      {{answer("503 Service Unavailable",
               R"({"error":{"code":"E5010","kind":"overloaded","message":"later"}})"),
        answer("500 Internal Server Error", "?")}});
  const auto client = connected(engine);
  const auto first = client->get("/a");
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, "E5010");
  EXPECT_EQ(first.error().kind, ErrorKind::overloaded);
  EXPECT_THAT(client->get("/b").error().message, HasSubstr("the engine answered 500"));
}

TEST(ClientTest, AReviewHasABodyWhateverItsStatus) {
  ScriptedEngine engine({{answer("409 Conflict", R"({"outcome":"refused"})")}});
  EXPECT_EQ(connected(engine)->review("POST", "/r").value(), R"({"outcome":"refused"})");
}

TEST(ClientTest, WithoutAnEngineItSaysWhereItLooked) {
  const auto client = Client::connect({.socket = "/no/such/folder/admin.sock"});
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, "E5006");
  EXPECT_THAT(client.error().message, HasSubstr("/no/such/folder/admin.sock"));
}

TEST(ClientTest, ValuesInTargetsAreEncoded) {
  EXPECT_EQ(url_encoded("a-b_c.~9"), "a-b_c.~9");
  EXPECT_EQ(url_encoded("a b/\xff&"), "a%20b%2F%FF%26");
}

}  // namespace
}  // namespace pelton::cli
