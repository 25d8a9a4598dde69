// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/runtime_api.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace pelton::worker::lambda {
namespace {

constexpr const char* kId = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

// A body that is there as a whole.
class Body final : public net::RequestBody {
 public:
  Body(std::string bytes, net::BodyEnd end) : bytes_(std::move(bytes)), end_(std::move(end)) {}
  void read(Answer<std::string> answer) override { answer(std::exchange(bytes_, {})); }
  net::BodyEnd end() const override { return end_; }
  void abandon() { end_.abandoned = true; }

 private:
  std::string bytes_;
  net::BodyEnd end_;
};

// The API, whose process is the test.
class RuntimeApiTest : public ::testing::Test, public RuntimeEvents {
 protected:
  // The status of the answer; 0: there is none yet.
  unsigned call(const std::string& method, std::vector<std::string> path, std::string body = "",
                std::vector<net::Field> headers = {}, net::BodyEnd end = {}) {
    auto response = std::make_shared<net::Response>();
    response->status = 0;
    last = response;
    last_body = std::make_shared<Body>(std::move(body), std::move(end));
    net::Request request{method, std::move(path), {}, std::move(headers), last_body};
    api.handle(std::move(request),
               [response](net::Response given) { *response = std::move(given); });
    return response->status;
  }
  unsigned next() { return call("GET", {"2018-06-01", "runtime", "invocation", "next"}); }
  unsigned post(const std::string& what, const std::string& body = "",
                std::vector<net::Field> headers = {}, net::BodyEnd end = {},
                const std::string& id = kId) {
    return call("POST", {"2018-06-01", "runtime", "invocation", id, what}, body, std::move(headers),
                std::move(end));
  }
  unsigned init_error(const std::string& body = "{}") {
    return call("POST", {"2018-06-01", "runtime", "init", "error"}, body);
  }
  void invoke(const std::string& event = "{}") {
    api.invoke({kId, {{"Lambda-Runtime-Deadline-Ms", "5"}}, event});
  }
  std::string error_type() const {
    return std::string(boost::json::parse(last->body).at("errorType").as_string());
  }

  void asked() override { said += "asked "; }
  void responded(std::string&& body, const std::string& type) override {
    said += body.substr(0, 20) + "(" + type + ") ";
  }
  void failed(FunctionError&& error) override {
    said += "failed " + error.type + ":" + error.message.substr(0, 20) + " ";
  }
  void init_failed(FunctionError&& error) override { said += "init " + error.type + " "; }

  RuntimeApi api{*this};
  std::shared_ptr<net::Response> last;
  std::shared_ptr<Body> last_body;
  std::string said;
};

TEST_F(RuntimeApiTest, NextIsAnsweredWhenThereIsAnInvocation) {
  EXPECT_FALSE(api.waiting());
  EXPECT_EQ(next(), 0U);
  EXPECT_TRUE(api.waiting());
  invoke("[1]");
  EXPECT_FALSE(api.waiting());
  EXPECT_EQ(last->status, 200U);
  EXPECT_EQ(last->content_type, "application/json") << "clients crash without it";
  EXPECT_EQ(last->body, "[1]");
  ASSERT_EQ(last->headers.size(), 2U);
  EXPECT_EQ(last->headers.back().name, "Lambda-Runtime-Aws-Request-Id");
  EXPECT_EQ(last->headers.back().value, kId);
  EXPECT_EQ(post("response", "7", {{"content-type", "text/x"}}), 202U);
  EXPECT_EQ(last->body, "{\"status\":\"OK\"}\n");
  EXPECT_EQ(said, "asked 7(text/x) ");
}

TEST_F(RuntimeApiTest, OnlyTheCurrentInvocationCanBeAnswered) {
  EXPECT_EQ(post("response"), 400U);
  next();
  invoke();
  EXPECT_EQ(post("response", "", {}, {}, "another"), 400U);
  EXPECT_EQ(error_type(), "InvalidRequestID");
  EXPECT_EQ(post("error", "{}"), 202U);
  EXPECT_EQ(post("error", "{}"), 400U) << "twice";
  EXPECT_EQ(said, "asked failed Error: ");
}

TEST_F(RuntimeApiTest, WhatIsOutOfOrderIsForbidden) {
  next();
  invoke();
  EXPECT_EQ(next(), 403U);
  EXPECT_EQ(error_type(), "InvalidStateTransition");
  EXPECT_EQ(init_error(), 403U);
  post("response");
  EXPECT_EQ(next(), 0U);
  EXPECT_EQ(said, "asked () asked ");
}

TEST_F(RuntimeApiTest, InitErrorsComeBeforeTheFirstNext) {
  EXPECT_EQ(init_error(R"({"errorType":"Import"})"), 202U);
  EXPECT_EQ(said, "init Import ");
}

TEST_F(RuntimeApiTest, OtherPathsAreNotThere) {
  EXPECT_EQ(call("POST", {"2018-06-01", "runtime", "invocation", "next"}), 404U);
  EXPECT_EQ(call("GET", {"2018-06-01", "runtime", "invocation", kId, "response"}), 404U);
  EXPECT_EQ(call("GET", {"2018-06-01", "runtime", "restore", "next"}), 404U);
  EXPECT_EQ(call("POST", {"2020-01-01", "extension", "register"}), 404U);
  EXPECT_EQ(call("GET", {}), 404U);
}

TEST_F(RuntimeApiTest, APollWhosePeerIsGoneGetsNothing) {
  next();
  const auto gone = last;
  last_body->abandon();
  next();
  EXPECT_TRUE(api.waiting());
  EXPECT_EQ(gone->status, 410U) << "which ends its connection";
  invoke();
  EXPECT_EQ(last->status, 200U);
}

TEST_F(RuntimeApiTest, PollsAreBounded) {
  for (int i = 0; i < 16; ++i) EXPECT_EQ(next(), 0U);
  EXPECT_EQ(next(), 403U);
}

TEST_F(RuntimeApiTest, AnAnswerThatIsTooLargeIsAnError) {
  next();
  invoke();
  EXPECT_EQ(post("response", std::string(kMaxPayload + 1, 'x')), 413U);
  EXPECT_EQ(said, "asked failed Function.ResponseSizeTooLarge:Response payload siz ");
  next();
  invoke();
  const std::string large(kMaxPayload + 1, 'y');
  EXPECT_EQ(post("response", large, {{"Lambda-Runtime-Function-Response-Mode", "streaming"}}),
            202U);
}

TEST_F(RuntimeApiTest, AStreamThatFailsMidwayIsAnError) {
  next();
  invoke();
  // {"errorType":"Half"}
  const net::BodyEnd end{{{"lambda-runtime-function-error-type", "Other"},
                          {"lambda-runtime-function-error-body", "eyJlcnJvclR5cGUiOiJIYWxmIn0="}},
                         false};
  EXPECT_EQ(post("response", "{\"a\":", {}, end), 202U);
  EXPECT_EQ(said, "asked failed Half: ");
  next();
  invoke();
  EXPECT_EQ(post("response", "1", {}, {{{"Lambda-Runtime-Function-Error-Type", ""}}, false}), 202U);
  EXPECT_EQ(said, "asked failed Half: asked 1() ") << "one that ended well says nothing there";
}

TEST_F(RuntimeApiTest, TheTypeOfAnErrorMayBeInTheHeaderOnly) {
  next();
  invoke();
  post("error", R"({"errorMessage":"m"})",
       {{"Lambda-Runtime-Function-Error-Type", "Function.Unknown"}});
  EXPECT_EQ(said, "asked failed Function.Unknown:m ");
}

}  // namespace
}  // namespace pelton::worker::lambda
