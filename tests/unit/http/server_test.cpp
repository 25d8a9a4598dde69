// SPDX-License-Identifier: Apache-2.0
// The server over a real Unix socket, with bytes that no well-behaved client sends.
#include "engine/http/server.h"

#include "engine/base/unique_fd.h"
#include "tests/contract/temporary_folder.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace pelton::http {
namespace {

class FakeBackend final : public AdminBackend {
 public:
  void status(Answer<observe::StatusReport> answer) override {
    observe::StatusReport report;
    report.ready = true;
    answer(std::move(report));
  }
  void produce(const std::string& stream, model::BatchPtr events, std::optional<std::uint32_t>,
               Answer<std::vector<Produced>> answer) override {
    if (stream != "s") return answer(fail(ErrorKind::invalid, "E5001", "no stream"));
    produced += events->size();
    answer(std::vector<Produced>{{0, 5, static_cast<std::uint32_t>(events->size())}});
  }
  void read(const ReadRequest&, Answer<ReadAnswer> answer) override {
    answer(fail(ErrorKind::overloaded, "E4108", "full"));
  }
  void dead_letters(const DeadLetterQuery&,
                    Answer<std::vector<store::DeadLetter>> answer) override {
    answer({});
  }
  void dead_letter(const std::string& id, Answer<store::DeadLetter> answer) override {
    answer(fail(ErrorKind::invalid, "E5001", "no dead letter {}", id));
  }
  void count_dead_letters(const DeadLetterQuery&, Answer<std::uint64_t> answer) override {
    answer(0);
  }
  void replay(const std::vector<std::string>& ids, Answer<ReplayCount> answer) override {
    answer(ReplayCount{ids.size(), 0, 0});
  }
  void purge(const std::vector<std::string>&, Answer<std::uint64_t> answer) override { answer(0); }
  void seek(const SeekRequest&, Answer<std::vector<SeekChange>> answer) override { answer({}); }

  std::size_t produced = 0;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : path(folder.path() / "admin.sock") {
    ServerOptions options;
    options.socket = path;
    server = std::move(*Server::start(options, backend));
  }

  UniqueFd connect() const {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path.c_str());
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }

  // Sends the bytes, then reads until the server closes.
  std::string talk(const std::string& bytes) const {
    const UniqueFd fd = connect();
    EXPECT_EQ(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    ::shutdown(fd.get(), SHUT_WR);
    std::string answer;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::recv(fd.get(), buffer, sizeof buffer, 0)) > 0;)
      answer.append(buffer, static_cast<std::size_t>(got));
    return answer;
  }
  std::string request(const std::string& method, const std::string& target,
                      const std::string& body = "") const {
    return talk(fmt::format(
        "{} {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}", method,
        target, body.size(), body));
  }
  static std::string status(const std::string& answer) {
    return answer.substr(0, answer.find("\r\n"));
  }

  test::TemporaryFolder folder;
  std::filesystem::path path;
  FakeBackend backend;
  std::unique_ptr<Server> server;
};

TEST_F(ServerTest, OnlyTheUserMayOpenTheSocket) {
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(ServerTest, AnswersItsRoutes) {
  EXPECT_EQ(status(request("GET", "/v1/status")), "HTTP/1.1 200 OK");
  EXPECT_EQ(status(request("GET", "/readyz")), "HTTP/1.1 200 OK");
  EXPECT_NE(request("GET", "/metrics").find("pelton_ready 1"), std::string::npos);
  const std::string answer =
      request("POST", "/v1/streams/s/events", "{\"data\":1}\n{\"data\":2}\n");
  EXPECT_NE(answer.find("\"count\":2"), std::string::npos) << answer;
}

TEST_F(ServerTest, ErrorsBecomeStatuses) {
  EXPECT_EQ(status(request("GET", "/v1/nothing")), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(status(request("DELETE", "/v1/status")), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(status(request("POST", "/v1/streams/other/events", "{\"data\":1}")),
            "HTTP/1.1 404 Not Found");
  EXPECT_EQ(status(request("POST", "/v1/streams/s/events", "{\"data\":")),
            "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(backend.produced, 0U);
  const std::string full = request("GET", "/v1/streams/s/events");
  EXPECT_EQ(status(full), "HTTP/1.1 503 Service Unavailable");
  EXPECT_NE(full.find("Retry-After"), std::string::npos);
  EXPECT_EQ(status(request("GET", "/v1/dead-letters/..%2f../0/1")), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(status(request("GET", "/v1/%zz")), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(status(request("POST", "/v1/dead-letters/replay", "[]")), "HTTP/1.1 400 Bad Request");
}

TEST_F(ServerTest, HostileBytesAreRefused) {
  EXPECT_NE(
      status(talk("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n")).find("431"),
      std::string::npos);
  EXPECT_NE(
      status(talk("POST /v1/streams/s/events HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n"))
          .find("413"),
      std::string::npos);
  EXPECT_NE(status(talk("complete nonsense\r\n\r\n")).find("400"), std::string::npos);
  talk("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  talk("POST /v1/streams/s/events HTTP/1.1\r\nContent-Length: 100\r\n\r\n{\"data\"");  // ends early
  EXPECT_EQ(backend.produced, 0U);
  EXPECT_EQ(status(request("GET", "/v1/status")), "HTTP/1.1 200 OK");  // nothing else is disturbed
}

TEST_F(ServerTest, ManyConnectionsComeAndGo) {
  std::vector<UniqueFd> idle;
  for (int i = 0; i < 100; ++i) idle.push_back(connect());
  EXPECT_EQ(status(request("GET", "/v1/status")), "HTTP/1.1 200 OK");
  idle.clear();
  EXPECT_EQ(status(request("GET", "/v1/status")), "HTTP/1.1 200 OK");
}

}  // namespace
}  // namespace pelton::http
