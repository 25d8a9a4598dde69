// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/http/http_session.h"

#include "engine/base/unique_fd.h"
#include "engine/model/batch_builder.h"

#include <arpa/inet.h>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pelton::worker::http {
namespace {

using Clock = std::chrono::steady_clock;

// A session whose process is the test, which listens at the port itself.
class HttpSessionTest : public ::testing::Test, public SessionEvents {
 protected:
  void open(std::uint32_t concurrency = 1) {
    function.name = "f";
    Options options;
    options.concurrency = concurrency;
    session = std::make_unique<HttpSession>(WorkerSetup{io, function, "f-1", ""}, options);
    ASSERT_TRUE(session->choose_port());
  }
  void listen() {
    listener.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(session->port());
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    ASSERT_EQ(::listen(listener.get(), 16), 0);
  }
  void run(std::chrono::milliseconds time = std::chrono::milliseconds(30)) {
    io.restart();
    io.run_for(time);
  }
  // Runs the session until it has said so.
  bool hears(const std::string& what) {
    for (int i = 0; i < 500 && !said.contains(what); ++i) run(std::chrono::milliseconds(10));
    return said.contains(what);
  }
  bool comes(const UniqueFd& fd) {
    pollfd entry{fd.get(), POLLIN, 0};
    for (int i = 0; i < 500; ++i) {
      run(std::chrono::milliseconds(5));
      if (::poll(&entry, 1, 0) == 1) return true;
    }
    return false;
  }
  UniqueFd accept() {
    EXPECT_TRUE(comes(listener));
    return UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  std::string receive(const UniqueFd& fd) {
    if (!comes(fd)) return "nothing";
    char bytes[65536];
    const ssize_t count = ::recv(fd.get(), bytes, sizeof bytes, 0);
    return count > 0 ? std::string(bytes, static_cast<std::size_t>(count)) : "closed";
  }
  static void send(const UniqueFd& fd, const std::string& bytes) {
    ASSERT_EQ(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void invoke(std::uint64_t id, const std::vector<std::string>& data) {
    model::BatchBuilder builder;
    for (const std::string& one : data) {
      model::EventView event;
      event.data = one;
      builder.add(event);
    }
    model::Frame frame;
    frame.id = FrameId{id};
    frame.stream = "s";
    frame.binding = "b";
    frame.batch = builder.finish();
    session->invoke(frame);
  }
  void make_ready() {
    listen();
    ASSERT_TRUE(session->start(*this, ::getpid()));
    connection = accept();
    ASSERT_TRUE(hears("ready"));
  }

  void ready(bool) override { said += "ready "; }
  void start_failed(std::string why, std::string) override { said += "failed " + why + " "; }
  void answered(FrameId frame, model::FrameResult&& result) override {
    said += fmt::format("{}:", frame.value);
    for (std::uint32_t i = 0; i < result.count; ++i) {
      const auto at = std::ranges::find(result.not_done, result.first + i, &model::Failure::index);
      said += at == result.not_done.end() ? "done " : at->type + " ";
    }
  }
  void broken(std::string what) override { said += "broken " + what; }
  void logged(std::string_view) override {}
  void hung_up() override { said += "hung up "; }
  void at_rest() override { said += "at rest "; }
  void gave_back(const Tail&) override { FAIL() << "it gives back when it is asked"; }

  boost::asio::io_context io{1};
  config::Function function;
  UniqueFd listener, connection;
  std::string said;
  std::unique_ptr<HttpSession> session;
};

constexpr const char* kEmpty = "HTTP/1.1 204 No Content\r\n\r\n";

TEST_F(HttpSessionTest, OneRequestAfterAnotherOnOneConnection) {
  open();
  make_ready();
  EXPECT_EQ(session->room(), 1U);
  invoke(7, {"one", "two"});
  EXPECT_EQ(session->room(), 0U);
  EXPECT_TRUE(receive(connection).ends_with("\r\n\r\none"));
  ASSERT_EQ(session->begun(Clock::now()).size(), 1U);
  EXPECT_EQ(session->begun(Clock::now()).front().index, 0U);
  send(connection, kEmpty);
  EXPECT_TRUE(receive(connection).ends_with("\r\n\r\ntwo"));
  EXPECT_EQ(session->begun(Clock::now()).front().index, 1U);
  send(connection, "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(hears("7:done 7:HTTP 500 ")) << said;
  EXPECT_EQ(session->room(), 1U);
}

TEST_F(HttpSessionTest, SeveralAtOnce) {
  open(2);
  make_ready();
  EXPECT_EQ(session->at_once(), 2U);
  invoke(1, {"a"});
  EXPECT_EQ(session->room(), 1U);
  invoke(2, {"b", "c"});
  EXPECT_EQ(session->room(), 0U);
  const UniqueFd second = accept();
  EXPECT_TRUE(receive(connection).ends_with("a"));
  EXPECT_TRUE(receive(second).ends_with("b"));
  EXPECT_EQ(session->begun(Clock::now()).size(), 2U);
  const auto tails =
      session->take_back(Clock::now() + std::chrono::seconds(1), std::chrono::milliseconds(20));
  ASSERT_EQ(tails.size(), 1U);
  EXPECT_EQ(tails.front().first, 1U);
  send(second, kEmpty);
  EXPECT_TRUE(hears("2:done"));
  EXPECT_EQ(session->room(), 1U);
  send(connection, kEmpty);
  EXPECT_TRUE(hears("1:done"));
}

TEST_F(HttpSessionTest, AConnectionThatWasClosedWhileIdleIsReplaced) {
  open();
  make_ready();
  invoke(1, {"a"});
  receive(connection);
  send(connection, kEmpty);
  EXPECT_TRUE(hears("1:done"));
  connection.reset();
  invoke(2, {"b"});
  const UniqueFd next = accept();
  EXPECT_TRUE(receive(next).ends_with("b"));
  send(next, kEmpty);
  EXPECT_TRUE(hears("2:done"));
}

TEST_F(HttpSessionTest, AServerThatClosesWithoutAnAnswer) {
  open();
  make_ready();
  invoke(1, {"a"});
  receive(connection);
  connection.reset();
  EXPECT_TRUE(hears("1:ConnectionClosed ")) << said;
}

TEST_F(HttpSessionTest, AWorkerThatEndsIsNotAnAnswer) {
  open();
  listen();
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = ::accept(listener.get(), nullptr, nullptr);
    char byte = 0;
    ::recv(fd, &byte, 1, 0);
    ::_exit(1);
  }
  // Its own from now on.
  listener.reset();
  ASSERT_TRUE(session->start(*this, child));
  ASSERT_TRUE(hears("ready")) << said;
  invoke(1, {"a"});
  EXPECT_TRUE(hears("hung up")) << said;
  EXPECT_FALSE(said.contains("1:")) << said;
  EXPECT_EQ(session->begun(Clock::now()).size(), 1U);
  ::waitpid(child, nullptr, 0);
}

TEST_F(HttpSessionTest, APortOfAStranger) {
  open();
  listen();
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(listener.get());
    for (;;) ::pause();
  }
  ASSERT_TRUE(session->start(*this, child));
  EXPECT_TRUE(hears("has been taken by another process")) << said;
  EXPECT_TRUE(hears("at rest"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace pelton::worker::http
