// SPDX-License-Identifier: Apache-2.0
// pelton invoke and pelton event: what is sent, what is shown, how it ends.
#include "engine/model/batch_builder.h"
#include "tests/unit/cli/command_fixture.h"

#include <algorithm>

namespace pelton::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

model::BatchPtr output(const std::string& data) {
  model::EventView event;
  event.data = data;
  event.content_type = "application/json";
  model::BatchBuilder builder;
  builder.add(event);
  return builder.finish();
}

class InvokeCommand : public CommandTest {
 protected:
  InvokeCommand() {
    engine.called = [this](const http::Call& call) -> http::CallAnswer {
      got = std::string(call.event->data(0)) + "|" + std::string(call.event->key(0)) + "|" +
            std::string(call.event->subject(0));
      call.record->wrote({"work", "work-1", {}, "<3>\x1b[1mloud", {}, {}, {}});
      call.record->report = worker::InvocationReport{};
      if (failure) return std::unexpected(*failure);
      return output(R"({"n": 1})");
    };
  }
  std::string got;
  std::optional<http::CallFailure> failure;
};

TEST_F(InvokeCommand, PrintsWhatTheFunctionReturnsAndItsLines) {
  const Ran ran = ask({"invoke", "work", "--payload", "x", "--key", "k", "--subject", "s"});
  EXPECT_EQ(ran.code, kOk) << ran.err;
  EXPECT_EQ(got, "x|k|s");
  EXPECT_THAT(ran.out, AllOf(HasSubstr(R"("data":{"n":1})"), Not(HasSubstr("loud"))));
  EXPECT_THAT(ran.err, AllOf(StartsWith("\\x1b[1mloud\n"), HasSubstr("REPORT RequestId: ")));
}

TEST_F(InvokeCommand, TakesAnEventOrADocument) {
  EXPECT_EQ(ask({"invoke", "work", "--event", "-"}, R"({"key":"a","data":{"b":2}})").code, kOk);
  EXPECT_EQ(got, R"({"b":2}|a|)");
  const Ran ran = ask({"invoke", "documents", "--event", "-"}, R"({"key":"a"})");
  EXPECT_EQ(ran.out, "{\"n\":1}\n");
  EXPECT_EQ(got, R"({"key":"a"}||)");
  EXPECT_EQ(ask({"invoke", "documents"}).code, kOk);
  EXPECT_EQ(got, "{}||");
}

TEST_F(InvokeCommand, AFunctionThatFailsIsAFailure) {
  failure = http::CallFailure{
      http::CallFailure::Kind::function, "ValueError", "no\x07\nlast words", "File x\n", true, {}};
  const Ran ran = ask({"invoke", "work"});
  EXPECT_EQ(ran.code, kFailure);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("pelton: function work failed: ValueError: no\\x07\n"
                                 "  last words\n  File x\n"));
  const Ran json = ask({"invoke", "work", "-o", "json"});
  EXPECT_EQ(json.code, kFailure);
  EXPECT_THAT(json.out, AllOf(StartsWith(R"({"outcome":"failed","outputs":[])"),
                              HasSubstr(R"("type":"ValueError")"), HasSubstr(R"("final":true)"),
                              HasSubstr(R"({"level":"error","text":"\u001b[1mloud"})")));
}

TEST_F(InvokeCommand, WhatWasNotAskedIsAnError) {
  failure = http::CallFailure{http::CallFailure::Kind::overloaded, "Overloaded", "5 wait"};
  EXPECT_THAT(ask({"invoke", "work"}).err,
              HasSubstr("E5062: function work was not called: 5 wait"));
  EXPECT_EQ(ask({"invoke", "none"}).code, kNotFound);
  EXPECT_THAT(ask({"invoke", "work", "--event", "-"}, "[1]").err, HasSubstr("E5003"));
  EXPECT_THAT(ask({"invoke", "work", "--timeout", "soon"}).err, HasSubstr("E5004"));
  EXPECT_THAT(ask({"invoke", "work", "--event", "/none"}).err, HasSubstr("E5020"));
  EXPECT_EQ(ask({"invoke", "work", "--event", "-", "--payload", "x"}).code, kUsage);
}

TEST(EventCommand, OptionsBelongToATypeOfEvent) {
  EXPECT_THAT(run_words({"event", "new", "s3:put", "--bucket", "b", "--key", "a b"}).out,
              AllOf(StartsWith("{\n  \"Records\": [\n"), HasSubstr("\"key\": \"a+b\""),
                    HasSubstr("\"eventName\": \"ObjectCreated:Put\"")));
  EXPECT_THAT(run_words({"event", "new", "s3:put", "--topic", "t"}).err,
              HasSubstr("s3:put has no --topic; it has --bucket, --key, --size"));
  EXPECT_THAT(run_words({"event", "new", "s3:putt"}).err, HasSubstr("did you mean \"s3:put\"?"));
  EXPECT_EQ(run_words({"event", "new", "s3:put", "--size", "-1"}).code, kUsage);
  EXPECT_EQ(run_words({"event", "new", "http", "--route", "/users/{id}"}).code, kUsage);
  EXPECT_EQ(run_words({"event", "new", "schedule", "--data", "{"}).code, kUsage);
}

TEST_F(InvokeCommand, AResponseIsJsonOrAText) {
  const auto response = [&](const std::optional<std::string>& data) {
    engine.called = [&](const http::Call&) -> http::CallAnswer {
      return data ? output(*data) : nullptr;
    };
    return ask({"invoke", "documents"}).out;
  };
  EXPECT_EQ(response(R"(["a",{"b":null}])"), "[\"a\",{\"b\":null}]\n");
  EXPECT_EQ(response("plain text"), "\"plain text\"\n");
  EXPECT_EQ(response(std::nullopt), "null\n");
}

TEST_F(InvokeCommand, OutputsAreALineEach) {
  engine.called = [](const http::Call&) -> http::CallAnswer {
    model::BatchBuilder builder;
    model::EventView event;
    event.key = "k";
    event.has_key = true;
    for (const char* data : {"one", "\xff"}) {
      event.data = data;
      builder.add(event);
    }
    return builder.finish();
  };
  const Ran ran = ask({"invoke", "work"});
  EXPECT_THAT(ran.out, AllOf(HasSubstr(R"("key":"k","data":"one"})"
                                       "\n"),
                             HasSubstr(R"("data_base64":"/w=="})"
                                       "\n")));
  EXPECT_EQ(ran.err, "");  // nothing was written, and no report came
  engine.called = [](const http::Call&) -> http::CallAnswer { return nullptr; };
  EXPECT_EQ(ask({"invoke", "work"}).out, "");
}

TEST_F(InvokeCommand, OfManyLinesTheFirstAreLeftOut) {
  engine.called = [](const http::Call& call) -> http::CallAnswer {
    const std::string line(1'000, 'x');
    for (int i = 0; i < 2'000; ++i) call.record->wrote({"work", "work-1", {}, line, {}, {}, {}});
    return nullptr;
  };
  EXPECT_THAT(ask({"invoke", "work"}).err, HasSubstr(" earlier lines are left out)\n"));
}

TEST_F(InvokeCommand, ATimeOutSaysSo) {
  failure = http::CallFailure{http::CallFailure::Kind::timeout, "timeout after 1s", ""};
  const Ran ran = ask({"invoke", "work"});
  EXPECT_EQ(ran.code, kFailure);
  EXPECT_THAT(ran.err, HasSubstr("pelton: function work timed out: timeout after 1s\n"));
  EXPECT_THAT(ask({"invoke", "work", "-o", "json"}).out, StartsWith(R"({"outcome":"timeout")"));
}

TEST(EventCommand, IsLaidOutOrCompact) {
  const Ran ran = run_words({"event", "new", "event", "--key", "k", "--data", "x", "--header",
                             "a=b", "--header", "c=d=e", "--compact"});
  EXPECT_EQ(ran.code, kOk) << ran.err;
  EXPECT_EQ(std::ranges::count(ran.out, '\n'), 1);
  EXPECT_THAT(ran.out, HasSubstr(R"("key":"k","headers":[["a","b"],["c","d=e"]],"data":"x"})"));
  EXPECT_THAT(run_words({"event", "new", "event", "--data", "[1]"}).out,
              HasSubstr("\"data\": [\n    1\n  ]\n}\n"));
}

TEST(EventCommand, HelpNamesTheTypesAndTheirOptions) {
  EXPECT_THAT(run_words({"event", "new", "--help"}).out,
              HasSubstr("s3:put       an object was written to a bucket [bucket key size]\n"));
  EXPECT_EQ(run_words({"event", "new"}).code, kUsage);
  EXPECT_EQ(run_words({"event", "new", "sqs", "--count", "0"}).code, kUsage);
  EXPECT_EQ(run_words({"event", "new", "sqs", "--header", "x"}).code, kUsage);
}

}  // namespace
}  // namespace pelton::cli
