// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/listeners.h"

#include "engine/base/unique_fd.h"
#include "engine/model/batch_builder.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

namespace pelton::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// Answers each call with the data of its event.
class Echo final : public http::Calls {
 public:
  void call(http::Call&& call) override {
    model::EventView view;
    view.data = call.event->data(0);
    model::BatchBuilder builder;
    builder.add(view);
    call.answer(builder.finish());
  }
};

// Takes what is appended; durable at once.
class Appended final : public stream::Appender {
 public:
  Status append(model::BatchPtr batch, std::vector<model::LedgerWrite>, Done done,
                std::chrono::steady_clock::time_point) override {
    if (full) return fail(ErrorKind::overloaded, "E5009", "full");
    data.emplace_back(batch->data(0));
    done({});
    return {};
  }
  std::vector<std::string> data;
  bool full = false;
};

// Of routes that are not durable, nothing is read.
class NoStreams final : public stream::Access {
 public:
  void produce(const std::string&, model::BatchPtr, std::optional<std::uint32_t>,
               Answer<std::vector<stream::Produced>>) override {
    FAIL() << "nothing is produced";
  }
  Result<std::shared_ptr<stream::StreamReader>> reader(const std::string& stream) override {
    return fail(ErrorKind::invalid, "E5001", "no stream named \"{}\"", stream);
  }
};

class ListenersTest : public testing::Test {
 protected:
  ListenersTest() {
    config.streams.emplace_back().name = "s";
    config.functions.emplace_back().name = "f";
    config.listeners = {listener("web")};
    config.routes = {to_function("call", "/call/{id}"), to_stream("in", "/in")};
    targets["s"].appender = appended;
  }
  static config::Listener listener(const std::string& name, std::uint16_t port = 0) {
    config::Listener made;
    made.name = name;
    made.address = {"127.0.0.1", port};
    return made;
  }
  static config::Route route(const std::string& name, const std::string& path) {
    config::Route made;
    made.name = name;
    made.listener = "web";
    made.path = *config::PathPattern::parse(path);
    return made;
  }
  static config::Route to_function(const std::string& name, const std::string& path) {
    config::Route made = route(name, path);
    made.function = "f";
    return made;
  }
  static config::Route to_stream(const std::string& name, const std::string& path) {
    config::Route made = route(name, path);
    made.to = "s";
    return made;
  }
  void put_in_service() {
    ASSERT_TRUE(listeners.prepare(config));
    listeners.commit(config, targets);
  }
  observe::StatusReport report() const {
    observe::StatusReport made;
    listeners.report(made);
    return made;
  }
  std::uint16_t port(const std::string& name = "web") const {
    for (const auto& each : report().listeners)
      if (each.name == name)
        return static_cast<std::uint16_t>(
            std::stoi(each.address.substr(each.address.rfind(':') + 1)));
    return 0;
  }
  // The whole answer; empty: nobody listens.
  static std::string ask(std::uint16_t port, const std::string& method, const std::string& path,
                         const std::string& body = "") {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      return {};
    const std::string request = fmt::format(
        "{} {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}", method,
        path, body.size(), body);
    EXPECT_EQ(::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string answer;
    char bytes[4096];
    for (ssize_t got = 0; (got = ::recv(socket.get(), bytes, sizeof bytes, 0)) > 0;)
      answer.append(bytes, static_cast<std::size_t>(got));
    return answer;
  }

  Echo calls;
  // Shared with the routes.
  std::shared_ptr<Appended> appended = std::make_shared<Appended>();
  config::Config config;
  Listeners::Targets targets;
  Notices notices;
  SystemClock clock;
  http::DurableRoutes durable{clock};
  NoStreams streams;
  Listeners listeners{{calls, notices, durable, streams}};
};

TEST_F(ListenersTest, RoutesReachTheirStreamOrFunction) {
  put_in_service();
  EXPECT_THAT(ask(port(), "POST", "/in", "one"), StartsWith("HTTP/1.1 202 "));
  EXPECT_THAT(appended->data, ElementsAre("one"));
  const std::string answer = ask(port(), "POST", "/call/7", "hello");
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nhello"));
  EXPECT_THAT(ask(port(), "GET", "/other"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(ListenersTest, AFullEngineSaysWhenToTryAgain) {
  put_in_service();
  appended->full = true;
  const std::string answer = ask(port(), "POST", "/in", "one");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("\r\nRetry-After: "));
}

TEST_F(ListenersTest, UntilCommitNothingIsServed) {
  put_in_service();
  const std::uint16_t before = port();
  config.listeners.push_back(listener("more"));
  ASSERT_TRUE(listeners.prepare(config));
  EXPECT_EQ(port("more"), 0);
  listeners.discard();
  listeners.commit(config, targets);
  EXPECT_EQ(port(), before);
}

TEST_F(ListenersTest, AnAddressThatIsTakenIsRefusedAndChangesNothing) {
  put_in_service();
  config::Config after = config;
  after.listeners.push_back(listener("more", port()));
  const auto refused = listeners.prepare(after);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E5005");
  EXPECT_THAT(ask(port(), "POST", "/in", "one"), StartsWith("HTTP/1.1 202 "));
}

TEST_F(ListenersTest, RoutesComeAndGoAtTheSameAddress) {
  put_in_service();
  const std::uint16_t at = port();
  EXPECT_THAT(ask(at, "POST", "/in", "one"), StartsWith("HTTP/1.1 202 "));
  config.routes = {to_stream("in", "/in"), to_stream("new", "/new")};
  put_in_service();
  EXPECT_EQ(port(), at);
  EXPECT_THAT(ask(at, "POST", "/new", "two"), StartsWith("HTTP/1.1 202 "));
  EXPECT_THAT(ask(at, "POST", "/call/7"), StartsWith("HTTP/1.1 404 "));
  const auto after = report();
  const auto in = std::ranges::find(after.routes, "in", &observe::RouteStatus::name);
  ASSERT_NE(in, after.routes.end());
  EXPECT_EQ(in->by_status.at(202), 1U) << "counts are kept";
}

TEST_F(ListenersTest, ChangedLimitsStartTheListenerAgainAtItsAddress) {
  put_in_service();
  config.listeners[0].address.port = port();
  put_in_service();
  config.listeners[0].connections = 2;
  put_in_service();
  EXPECT_EQ(port(), config.listeners[0].address.port);
  EXPECT_THAT(ask(port(), "POST", "/in", "one"), StartsWith("HTTP/1.1 202 "));
}

TEST_F(ListenersTest, ARemovedListenerIsClosed) {
  put_in_service();
  const std::uint16_t at = port();
  config.listeners.clear();
  config.routes.clear();
  put_in_service();
  EXPECT_TRUE(report().listeners.empty());
  EXPECT_EQ(ask(at, "POST", "/in"), "");
}

TEST_F(ListenersTest, AtTheEndRequestsAreAnsweredAsUnavailable) {
  put_in_service();
  listeners.stop_serving();
  EXPECT_THAT(ask(port(), "POST", "/in", "one"), StartsWith("HTTP/1.1 503 "));
}

}  // namespace
}  // namespace pelton::runtime
