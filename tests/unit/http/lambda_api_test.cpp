// SPDX-License-Identifier: Apache-2.0
#include "engine/base/base64.h"
#include "engine/http/lambda/api.h"
#include "engine/http/lambda/client_context.h"
#include "engine/model/batch_builder.h"

#include <gmock/gmock.h>

namespace pelton::http {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

model::BatchPtr answered_with(std::string_view data) {
  model::EventView event;
  event.data = data;
  model::BatchBuilder builder;
  builder.add(event);
  return builder.finish();
}

class Payload final : public net::RequestBody {
 public:
  explicit Payload(std::string text) : text_(std::move(text)) {}
  void read(Answer<std::string> answer) override { answer(std::exchange(text_, {})); }
  net::BodyEnd end() const override { return {}; }

 private:
  std::string text_;
};

class FakeCalls final : public Calls {
 public:
  void call(Call&& call) override { calls.push_back(std::move(call)); }
  std::vector<Call> calls;
};

class FakeAppender final : public stream::Appender {
 public:
  Status append(model::BatchPtr batch, std::vector<model::LedgerWrite>, Done done,
                std::chrono::steady_clock::time_point) override {
    if (refuses) return std::unexpected(*refuses);
    appended = std::move(batch);
    done_ = std::move(done);
    return {};
  }
  void durable(Status status = {}) { done_(std::move(status)); }
  std::optional<Error> refuses;
  model::BatchPtr appended;

 private:
  Done done_;
};

std::string find(const net::Response& response, std::string_view name) {
  for (const net::Field& field : response.headers)
    if (net::same_name(field.name, name)) return field.value;
  return {};
}

class Api : public testing::Test {
 protected:
  // "" while there is no answer.
  std::string ask(const std::string& method, const std::string& target,
                  const std::string& payload = {}, std::vector<net::Field> headers = {}) {
    net::Request request;
    request.method = method;
    request.target = target;
    EXPECT_TRUE(net::parse_target(target, request));
    request.headers = std::move(headers);
    request.body = std::make_shared<Payload>(payload);
    EXPECT_TRUE(LambdaApi::serves(request));
    answered = false;
    api.handle(functions, std::move(request), [this](net::Response response) {
      last = std::move(response);
      answered = true;
    });
    return shown();
  }
  std::string invoke(const std::string& payload, std::vector<net::Field> headers = {},
                     const std::string& name = "f") {
    return ask("POST", "/2015-03-31/functions/" + name + "/invocations", payload,
               std::move(headers));
  }
  std::string answer(CallAnswer result) {
    calls.calls.back().answer(std::move(result));
    return shown();
  }
  std::string shown() const {
    return answered
               ? fmt::format("{} {} {}", last.status, find(last, "x-amzn-ErrorType"), last.body)
               : "";
  }

  std::shared_ptr<FakeAppender> appender = std::make_shared<FakeAppender>();
  LambdaFunctions functions = std::make_shared<const std::vector<LambdaFunction>>(
      std::vector<LambdaFunction>{{"f", "arn:f", "python", std::chrono::milliseconds(2500),
                                   std::chrono::seconds(60), 512U << 20, 3, false, appender},
                                  {"g", "arn:g", "lambda/node", std::chrono::seconds(3),
                                   std::chrono::seconds(60), std::nullopt, 1, true, appender}});
  FakeCalls calls;
  WorkThread work;
  LambdaApi api{calls, work};
  net::Response last;
  bool answered = false;
};

TEST_F(Api, OnlyServesPathsOfAVersion) {
  net::Request request;
  for (const char* other : {"/", "/x", "/2015-3-31", "/2015-03-31x", "/20150-3-31/functions"}) {
    EXPECT_TRUE(net::parse_target(other, request));
    EXPECT_FALSE(LambdaApi::serves(request)) << other;
  }
}

TEST_F(Api, CallsAFunctionWithThePayload) {
  EXPECT_EQ(invoke(R"({"a": 1})"), "");
  const Call& call = calls.calls.back();
  EXPECT_EQ(call.function, "f");
  EXPECT_EQ(call.event->data(0), R"({"a": 1})");
  EXPECT_EQ(call.event->id(0), call.id);
  EXPECT_EQ(call.record, nullptr);
  EXPECT_GT(call.deadline, *call.begin_by + std::chrono::milliseconds(2500));
  EXPECT_EQ(answer(answered_with("[1]")), "200  [1]");
  EXPECT_EQ(find(last, "X-Amz-Executed-Version"), "$LATEST");
  EXPECT_EQ(find(last, "x-amzn-RequestId"), call.id);
  EXPECT_EQ(find(last, "X-Amz-Function-Error"), "");
}

TEST_F(Api, AnswersAreJson) {
  for (const auto& [made, sent] : std::map<std::string, std::string>{
           {"text", "\"text\""}, {"[INFO]", "\"[INFO]\""}, {"1", "1"}, {"\xff", "\xff"}}) {
    invoke("1");
    EXPECT_EQ(answer(answered_with(made)), "200  " + sent);
  }
  invoke("1");
  EXPECT_EQ(answer(nullptr), "200  null");
  invoke("1", {}, "g");
  EXPECT_EQ(answer(answered_with("as it is")), "200  as it is");
}

TEST_F(Api, NoPayloadIsAnEmptyObject) {
  invoke("");
  EXPECT_EQ(calls.calls.back().event->data(0), "{}");
}

TEST_F(Api, FailuresOfTheFunctionAreAnswers) {
  invoke("1");
  EXPECT_THAT(
      answer(std::unexpected(CallFailure{CallFailure::Kind::function, "E", "why", "a\nb\n"})),
      AllOf(HasSubstr("200  "), HasSubstr(R"("errorMessage":"why","errorType":"E")"),
            HasSubstr(R"("stackTrace":["a","b"])")));
  EXPECT_EQ(find(last, "X-Amz-Function-Error"), "Unhandled");
  invoke("1", {}, "g");
  EXPECT_THAT(answer(std::unexpected(CallFailure{CallFailure::Kind::function, "E", "why", "a"})),
              HasSubstr(R"("trace":["a"])"));
  invoke("1");
  EXPECT_THAT(answer(std::unexpected(CallFailure{CallFailure::Kind::timeout, "t", "m"})),
              HasSubstr("Task timed out after 2.50 seconds"));
  invoke("1");
  EXPECT_THAT(answer(std::unexpected(
                  CallFailure{CallFailure::Kind::function, "WorkerCrashed", "signal 9"})),
              HasSubstr("Runtime.ExitError"));
  invoke("1");
  EXPECT_THAT(answer(std::unexpected(
                  CallFailure{CallFailure::Kind::function, "WorkerCannotStart", "no module"})),
              HasSubstr("Runtime.InitError"));
  invoke("1");
  EXPECT_THAT(answer(answered_with("\"" + std::string(6'291'556, 'x') + "\"")),
              HasSubstr("Function.ResponseSizeTooLarge"));
}

TEST_F(Api, FailuresOfTheEngineAreNot) {
  invoke("1");
  EXPECT_THAT(answer(std::unexpected(CallFailure{CallFailure::Kind::overloaded, "o", "busy"})),
              AllOf(HasSubstr("429 TooManyRequestsException"),
                    HasSubstr("ReservedFunctionConcurrentInvocationLimitExceeded")));
  EXPECT_EQ(find(last, "Retry-After"), "1");
  invoke("1");
  EXPECT_THAT(answer(std::unexpected(CallFailure{CallFailure::Kind::stopping, "s", "stopping"})),
              HasSubstr("503 ServiceUnavailableException"));
}

TEST_F(Api, WhatIsWrongIsRefused) {
  EXPECT_THAT(invoke("{"), HasSubstr("400 InvalidRequestContentException"));
  EXPECT_THAT(invoke("1", {{"X-Amz-Client-Context", "e30"}}), IsEmpty());
  EXPECT_THAT(invoke("1", {{"X-Amz-Client-Context", "?"}}),
              HasSubstr("400 InvalidRequestContentException"));
  EXPECT_THAT(invoke("1", {{"X-Amz-Invocation-Type", "Now"}}),
              HasSubstr("400 InvalidParameterValueException"));
  EXPECT_THAT(invoke("1", {}, "h"), HasSubstr("404 ResourceNotFoundException"));
  EXPECT_THAT(invoke("1", {{"Content-Length", "6291457"}}),
              HasSubstr("413 RequestEntityTooLargeException"));
  EXPECT_THAT(invoke("1", {{"Content-Length", "1048577"}, {"X-Amz-Invocation-Type", "Event"}}),
              HasSubstr("limit 1048576 bytes"));
  EXPECT_THAT(invoke("\"" + std::string(7U << 20, 'x') + "\""), HasSubstr("limit 6291456 bytes"));
  EXPECT_THAT(ask("DELETE", "/2015-03-31/functions/f"), HasSubstr("501 NotImplementedException"));
  EXPECT_THAT(ask("GET", "/2019-09-25/functions/f/event-invoke-config"), HasSubstr("501 "));
  EXPECT_EQ(calls.calls.size(), 1U);
}

TEST_F(Api, DryRunsCallNothing) {
  EXPECT_EQ(invoke("1", {{"X-Amz-Invocation-Type", "DryRun"}}), "204  ");
  EXPECT_THAT(calls.calls, IsEmpty());
}

TEST_F(Api, TheTailOfTheLog) {
  invoke("1", {{"X-Amz-Log-Type", "Tail"}});
  calls.calls.back().record->lines = {{6, "first"}, {3, "second"}};
  answer(answered_with("1"));
  std::string text;
  EXPECT_TRUE(from_base64(find(last, "X-Amz-Log-Result"), text));
  const std::string id = find(last, "x-amzn-RequestId");
  EXPECT_EQ(text, fmt::format("START RequestId: {0} Version: $LATEST\nfirst\nsecond\nEND "
                              "RequestId: {0}\n",
                              id));
}

TEST_F(Api, AsynchronousCallsAreAcceptedOnceTheyAreDurable) {
  EXPECT_EQ(invoke("[1]", {{"X-Amz-Invocation-Type", "Event"}}), "");
  EXPECT_EQ(appender->appended->data(0), "[1]");
  appender->durable();
  EXPECT_EQ(shown(), "202  ");
  EXPECT_EQ(appender->appended->id(0), find(last, "x-amzn-RequestId"));
  invoke("[1]", {{"X-Amz-Invocation-Type", "Event"}});
  appender->durable(fail(ErrorKind::unavailable, "E4001", "the disk has failed"));
  EXPECT_THAT(shown(), HasSubstr("503 ServiceUnavailableException"));
  appender->refuses = Error{ErrorKind::overloaded, "E4101", "full"};
  EXPECT_THAT(invoke("[1]", {{"X-Amz-Invocation-Type", "Event"}}),
              HasSubstr("429 TooManyRequestsException"));
  EXPECT_THAT(calls.calls, IsEmpty());
}

TEST_F(Api, ListsFunctions) {
  EXPECT_THAT(ask("GET", "/2015-03-31/functions/"),
              AllOf(HasSubstr(R"("FunctionName":"f")"), HasSubstr(R"("FunctionName":"g")"),
                    HasSubstr(R"("Timeout":3,"MemorySize":512)"), Not(HasSubstr("NextMarker"))));
  EXPECT_THAT(ask("GET", "/2015-03-31/functions?MaxItems=1"),
              AllOf(Not(HasSubstr("\"g\"")), HasSubstr(R"("NextMarker":"f")")));
  EXPECT_THAT(ask("GET", "/2015-03-31/functions?MaxItems=1&Marker=f"),
              AllOf(HasSubstr("\"g\""), Not(HasSubstr("NextMarker"))));
  EXPECT_EQ(ask("GET", "/2015-03-31/functions?Marker=zzz"), R"(200  {"Functions":[]})");
  for (const char* wrong : {"0", "-1", "x", "10001", "1x", ""})
    EXPECT_THAT(ask("GET", fmt::format("/2015-03-31/functions?MaxItems={}", wrong)),
                HasSubstr("400 InvalidParameterValueException"));
}

TEST_F(Api, DescribesFunctions) {
  EXPECT_THAT(
      ask("GET", "/2015-03-31/functions/g"),
      AllOf(HasSubstr(R"("Configuration":{"FunctionName":"g")"), HasSubstr(R"("MemorySize":10240)"),
            HasSubstr(R"("ReservedConcurrentExecutions":1)")));
  EXPECT_THAT(ask("GET", "/2015-03-31/functions/g/configuration?Qualifier=$LATEST"),
              HasSubstr(R"(200  {"FunctionName":"g")"));
  EXPECT_THAT(ask("GET", "/2015-03-31/functions/g?Qualifier=1"), HasSubstr("404 "));
}

TEST(FunctionNames, HaveFourForms) {
  const auto read = [](const char* text) {
    const FunctionName name = parse_function_name(text);
    return name.name + "|" + name.qualifier;
  };
  EXPECT_EQ(read("f"), "f|");
  EXPECT_EQ(read("f:1"), "f|1");
  EXPECT_EQ(read("000000000000:function:f"), "f|");
  EXPECT_EQ(read("function:f"), "f|");
  EXPECT_EQ(read("arn:aws:lambda:eu-west-1:000000000000:function:f:$LATEST"), "f|$LATEST");
  EXPECT_EQ(read("my-function:f"), "my-function|f");
  EXPECT_EQ(read(""), "|");
}

TEST(ClientContext, IsAnObjectInAscii) {
  EXPECT_EQ(read_client_context(""), "");
  EXPECT_EQ(read_client_context(to_base64("{ \"a\":\n\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\" }")),
            R"({"a":"\u00fc\u20ac\ud83d\ude00"})");
  for (const char* wrong : {"[]", "1", "{", "{\"a\":\"\xff\"}", "null"})
    EXPECT_EQ(read_client_context(to_base64(wrong)), std::nullopt) << wrong;
  EXPECT_EQ(read_client_context("?"), std::nullopt);
  EXPECT_EQ(read_client_context(std::string(kLongestContext + 1, 'e')), std::nullopt);
}

}  // namespace
}  // namespace pelton::http
