// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/lambda_session.h"

#include "engine/model/batch_builder.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pelton::worker::lambda {
namespace {

using Clock = std::chrono::steady_clock;
constexpr pid_t kNobody = 0x7fffffff;

// A session whose process is the test.
class LambdaSessionTest : public ::testing::Test, public SessionEvents {
 protected:
  LambdaSessionTest() : session(WorkerSetup{io, function, "f-1", ""}) {
    function.name = "f";
    EXPECT_TRUE(session.open());
  }
  void start(pid_t process = ::getpid()) { EXPECT_TRUE(session.start(*this, process)); }

  UniqueFd connect() {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string address = session.address();
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1))));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return fd;
  }
  static void send(const UniqueFd& fd, const std::string& method, const std::string& path,
                   const std::string& body = "") {
    const std::string request =
        fmt::format("{} /2018-06-01/runtime/{} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{}",
                    method, path, body.size(), body);
    ASSERT_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
  }
  // What has come, after the session did what it had to; "closed" at the end, "" for nothing yet.
  std::string receive(const UniqueFd& fd, int patience = 2000) {
    std::string got;
    pollfd entry{fd.get(), POLLIN, 0};
    for (int waited = 0; waited < patience; waited += 5) {
      io.restart();
      io.poll();
      if (::poll(&entry, 1, 5) == 0) continue;
      char bytes[65536];
      const ssize_t count = ::recv(fd.get(), bytes, sizeof bytes, 0);
      return count > 0 ? std::string(bytes, static_cast<std::size_t>(count)) : "closed";
    }
    return got;
  }
  std::string next() {
    send(main, "GET", "invocation/next");
    const std::string response = receive(main);
    const auto at = response.find("Aws-Request-Id: ");
    if (at == std::string::npos) return response;
    id = response.substr(at + 16, 36);
    return response.substr(response.find("\r\n\r\n") + 4);
  }
  std::string respond(const std::string& body, const char* what = "response") {
    send(main, "POST", "invocation/" + id + "/" + what, body);
    return receive(main).substr(9, 3);
  }
  void ask() { send(main, "GET", "invocation/next"); }
  void run() {
    io.restart();
    io.run_for(std::chrono::milliseconds(20));
  }

  void invoke(std::uint64_t frame_id, const std::vector<std::pair<std::string, std::string>>& all) {
    model::BatchBuilder builder;
    for (const auto& [key, data] : all) {
      model::EventView event;
      event.has_key = true;
      event.key = key;
      event.data = data;
      builder.add(event);
    }
    model::Frame frame;
    frame.id = FrameId{frame_id};
    frame.stream = "s";
    frame.binding = "b";
    frame.batch = builder.finish();
    session.invoke(frame);
  }

  void ready(bool) override { said += "ready "; }
  void start_failed(std::string why, std::string stack) override {
    said += "failed " + why + " " + stack;
  }
  void answered(FrameId frame, model::FrameResult&& result) override {
    std::string outcomes(result.count, 'd');
    for (const model::Failure& failure : result.not_done)
      outcomes[failure.index - result.first] = "drfs"[static_cast<int>(failure.code)];
    said += fmt::format("{}:{} ", frame.value, outcomes);
  }
  void broken(std::string what) override { said += "broken " + what; }
  void logged(std::string_view) override {}
  void hung_up() override { said += "hung up "; }
  void at_rest() override { said += "at rest "; }
  void gave_back(const Tail&) override { FAIL() << "it has nothing to give back"; }

  boost::asio::io_context io{1};
  config::Function function;
  LambdaSession session;
  UniqueFd main;  // of the process: its connection, kept open
  std::string id;
  std::string said;
};

TEST_F(LambdaSessionTest, OneInvocationAfterAnother) {
  start();
  main = connect();
  EXPECT_EQ(session.room(), 0U);
  ask();
  run();
  EXPECT_EQ(said, "ready ");
  EXPECT_EQ(session.room(), 1U);
  EXPECT_TRUE(session.begun(Clock::now()).empty());
  invoke(7, {{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(session.room(), 0U);
  const std::string first = receive(main);
  EXPECT_TRUE(first.ends_with("\r\n\r\n1")) << first;
  id = first.substr(first.find("Aws-Request-Id: ") + 16, 36);
  ASSERT_EQ(session.begun(Clock::now()).size(), 1U);
  EXPECT_EQ(session.begun(Clock::now()).front().index, 0U);
  EXPECT_EQ(respond("null"), "202");
  EXPECT_TRUE(session.begun(Clock::now()).empty()) << "the second has not begun before next";
  EXPECT_EQ(next(), "2");
  EXPECT_EQ(session.begun(Clock::now()).front().index, 1U);
  EXPECT_EQ(respond("{}", "error"), "202");
  EXPECT_EQ(said, "ready 7:d 7:r ");
  EXPECT_EQ(session.room(), 1U);
}

TEST_F(LambdaSessionTest, WhatWaitsForAFailedEventIsNotHandedOver) {
  start();
  main = connect();
  ask();
  run();
  invoke(1, {{"a", "1"}, {"a", "2"}, {"a", "3"}, {"b", "4"}});
  const std::string first = receive(main);
  id = first.substr(first.find("Aws-Request-Id: ") + 16, 36);
  EXPECT_EQ(respond("{}", "error"), "202");
  EXPECT_EQ(next(), "4");
  EXPECT_EQ(respond("5"), "202");
  EXPECT_EQ(said, "ready 1:r 1:ss 1:d ");
}

TEST_F(LambdaSessionTest, EventsThatCannotBeGivenAreAnsweredWithoutTheProcess) {
  start();
  main = connect();
  ask();
  run();
  invoke(1, {{"a", "\xff"}, {"b", "\xfe"}, {"c", "1"}});
  EXPECT_TRUE(receive(main).ends_with("\r\n\r\n1"));
  EXPECT_EQ(said, "ready 1:f 1:f ");
}

TEST_F(LambdaSessionTest, AnInitErrorSaysWhy) {
  start();
  main = connect();
  send(main, "POST", "init/error",
       R"({"errorType":"Import","errorMessage":"no x","stackTrace":["l"]})");
  EXPECT_TRUE(receive(main).starts_with("HTTP/1.1 202"));
  EXPECT_EQ(said, "failed Import: no x l\n");
  EXPECT_EQ(session.room(), 0U);
}

TEST_F(LambdaSessionTest, OneThatAsksForMoreThanThereIsIsAtRest) {
  start();
  main = connect();
  ask();
  run();
  invoke(1, {{"a", "1"}});
  const std::string first = receive(main);
  id = first.substr(first.find("Aws-Request-Id: ") + 16, 36);
  session.end_input();
  EXPECT_EQ(said, "ready ") << "it works on something";
  EXPECT_EQ(respond("1"), "202");
  ask();
  run();
  EXPECT_EQ(said, "ready 1:d at rest ");
}

TEST_F(LambdaSessionTest, OneThatWaitsIsAtRestAtOnce) {
  start();
  main = connect();
  ask();
  run();
  session.end_input();
  EXPECT_EQ(said, "ready at rest ");
}

TEST_F(LambdaSessionTest, APollThatIsGivenUpTakesNothing) {
  start();
  main = connect();
  ask();
  run();
  main.reset();
  main = connect();
  invoke(1, {{"a", "1"}});
  run();
  EXPECT_TRUE(session.begun(Clock::now()).empty());
  EXPECT_EQ(next(), "1");
}

TEST_F(LambdaSessionTest, AProcessThatItStartedMayAskInItsPlace) {
  start();
  const pid_t child = ::fork();
  if (child == 0) {
    const UniqueFd connection = connect();
    send(connection, "GET", "invocation/next");
    char byte = 0;
    ::_exit(static_cast<int>(::recv(connection.get(), &byte, 1, 0)));
  }
  for (int i = 0; i < 500 && said.empty(); ++i) run();
  EXPECT_EQ(said, "ready ");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST_F(LambdaSessionTest, AnotherProcessIsDisconnected) {
  start(kNobody);
  const UniqueFd stranger = connect();
  send(stranger, "GET", "invocation/next");
  EXPECT_EQ(receive(stranger), "closed");
  EXPECT_EQ(said, "");
}

TEST_F(LambdaSessionTest, AMissingClientIsAdvisedAbout) {
  EXPECT_TRUE(session.advice("/usr/bin/python3: No module named awslambdaric")
                  .starts_with("AWS's client for Python is not installed: `pip install"));
  EXPECT_EQ(session.advice("ModuleNotFoundError: No module named 'boto3'"), "");
}

}  // namespace
}  // namespace pelton::worker::lambda
