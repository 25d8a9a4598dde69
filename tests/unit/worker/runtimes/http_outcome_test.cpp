// SPDX-License-Identifier: Apache-2.0
#include "engine/model/batch_builder.h"
#include "engine/worker/runtimes/http/outcome.h"

#include <gtest/gtest.h>

namespace pelton::worker::http {
namespace {

const WallTime kNow = from_us(1'700'000'000'000'000);

class HttpOutcomeTest : public ::testing::Test {
 protected:
  HttpOutcomeTest() {
    function.name = "f";
    model::EventView event;
    event.type = "order";
    event.subject = "s";
    event.has_key = true;
    event.key = "k";
    model::BatchBuilder builder;
    builder.add(event);
    frame.batch = builder.finish();
  }
  Outcome of(unsigned status, std::vector<net::Field> fields = {}, std::string body = "",
             bool passed_on = false) {
    return outcome_of(frame, 0, passed_on, {status, std::move(fields), std::move(body)},
                      {function, options, ""}, kNow);
  }
  // "retry HTTP 500: why", "fail ...", "done 1".
  static std::string text(const Outcome& outcome) {
    if (!outcome.failure) return fmt::format("done {}", outcome.outputs.size());
    const model::Failure& why = *outcome.failure;
    return fmt::format("{} {}: {}", why.code == model::OutcomeCode::fail ? "fail" : "retry",
                       why.type, why.message);
  }

  config::Function function;
  Options options;
  model::Frame frame;
};

TEST_F(HttpOutcomeTest, Statuses) {
  for (const unsigned status : {200U, 201U, 202U, 204U}) EXPECT_EQ(text(of(status)), "done 0");
  for (const unsigned status : {404U, 408U, 409U, 429U, 500U, 503U, 599U})
    EXPECT_EQ(text(of(status, {}, "why")), fmt::format("retry HTTP {}: why", status));
  for (const unsigned status : {304U, 400U, 401U, 403U, 410U, 422U})
    EXPECT_EQ(text(of(status, {}, "why")), fmt::format("fail HTTP {}: why", status));
  EXPECT_EQ(text(of(302, {{"location", "/x"}})), "fail HTTP 302: redirected to /x");
}

TEST_F(HttpOutcomeTest, RetryAfter) {
  EXPECT_EQ(of(429, {{"retry-after", "7"}}).failure->retry_after, std::chrono::seconds(7));
  EXPECT_EQ(of(503, {{"retry-after", "Tue, 14 Nov 2023 22:13:30 GMT"}}).failure->retry_after,
            std::chrono::seconds(10));
  EXPECT_FALSE(of(503, {{"retry-after", "soon"}}).failure->retry_after);
  EXPECT_FALSE(of(500, {{"retry-after", "7"}}).failure->retry_after);
}

TEST_F(HttpOutcomeTest, MessagesAreBounded) {
  EXPECT_LT(of(500, {}, std::string(1'000'000, 'x')).failure->message.size(), 3000U);
}

TEST_F(HttpOutcomeTest, ABodyIsAnOutputLikeItsEvent) {
  const Outcome outcome = of(200, {{"content-type", "text/plain"}}, "hello");
  ASSERT_EQ(outcome.outputs.size(), 1U);
  const Output& output = outcome.outputs.front();
  EXPECT_EQ(output.data, "hello");
  EXPECT_EQ(output.content_type, "text/plain");
  EXPECT_EQ(output.type, "order");
  EXPECT_EQ(output.source, "function/f");
  EXPECT_EQ(output.subject, "s");
  EXPECT_EQ(output.key, "k");
  EXPECT_EQ(of(200, {}, "{}").outputs.front().content_type, "application/json");
  EXPECT_EQ(of(200, {}, "{").outputs.front().content_type, "");
}

TEST_F(HttpOutcomeTest, BinaryCloudEvents) {
  const Outcome outcome = of(200, {{"ce-specversion", "1.0"},
                                   {"ce-id", "\"a\\\"b\""},
                                   {"ce-source", "/s"},
                                   {"ce-type", "t%C3%BC"},
                                   {"ce-time", "2026-01-01T00:00:00Z"},
                                   {"ce-x", "1"}});
  ASSERT_EQ(text(outcome), "done 1");
  const Output& output = outcome.outputs.front();
  EXPECT_EQ(output.id, "a\"b");
  EXPECT_EQ(output.type, "tü");
  EXPECT_EQ(output.key, "k") << "its event's";
  EXPECT_FALSE(output.has_data);
  EXPECT_EQ(output.headers.size(), 1U);
}

TEST_F(HttpOutcomeTest, StructuredCloudEvents) {
  const std::string type = "application/cloudevents+json; charset=utf-8";
  const Outcome outcome = of(200, {{"content-type", type}},
                             R"({"specversion":"1.0","id":"i","source":"s","type":"t","n":7,)"
                             R"("partitionkey":"p","data_base64":"AA=="})");
  ASSERT_EQ(text(outcome), "done 1");
  EXPECT_EQ(outcome.outputs.front().data, std::string(1, '\0'));
  EXPECT_EQ(outcome.outputs.front().key, "p");
  EXPECT_EQ(outcome.outputs.front().headers.front().value, "7");
}

TEST_F(HttpOutcomeTest, WhatIsNoCloudEvent) {
  const auto structured = [&](const std::string& body) {
    return text(of(200, {{"content-type", "application/cloudevents+json"}}, body));
  };
  for (const char* body :
       {"", "[]", "{}", R"({"specversion":"1.0","id":"","source":"s","type":"t"})",
        R"({"specversion":"0.3","id":"i","source":"s","type":"t"})",
        R"({"specversion":"1.0","id":"i","source":"s","type":"t","time":"noon"})",
        R"({"specversion":"1.0","id":"i","source":"s","type":"t","Bad":"1"})",
        R"({"specversion":"1.0","id":"i","source":"s","type":"t","x":{}})",
        R"({"specversion":"1.0","id":"i","source":"s","type":"t","data_base64":"?"})"})
    EXPECT_TRUE(structured(body).starts_with("retry MalformedAnswer")) << body;
  EXPECT_TRUE(text(of(200, {{"ce-id", "%"}})).starts_with("retry MalformedAnswer"));
  EXPECT_TRUE(text(of(200, {{"content-type", "application/cloudevents-batch+json"}}, "[]"))
                  .starts_with("retry MalformedAnswer"));
}

TEST_F(HttpOutcomeTest, OutputsAreAChoice) {
  const std::vector<net::Field> event{
      {"ce-specversion", "1.0"}, {"ce-id", "i"}, {"ce-source", "s"}, {"ce-type", "t"}};
  options.outputs = Outputs::cloudevents;
  EXPECT_EQ(text(of(200, {}, "OK")), "done 0");
  EXPECT_EQ(text(of(200, event, "OK")), "done 1");
  options.outputs = Outputs::none;
  EXPECT_EQ(text(of(200, event, "OK")), "done 0");
}

TEST_F(HttpOutcomeTest, AClientsResponseGoesBackAsItIs) {
  const Outcome outcome = of(503,
                             {{"content-type", "text/x"},
                              {"set-cookie", "a"},
                              {"set-cookie", "b"},
                              {"connection", "close"},
                              {"retry-after", "1"}},
                             "busy", true);
  ASSERT_EQ(text(outcome), "done 1");
  const Output& output = outcome.outputs.front();
  EXPECT_EQ(output.data, "busy");
  EXPECT_EQ(output.content_type, "text/x");
  ASSERT_EQ(output.headers.size(), 4U);
  EXPECT_EQ(output.headers[0].name + output.headers[0].value, ":status503");
}

TEST_F(HttpOutcomeTest, Azure) {
  options.event = Shape::azure;
  EXPECT_EQ(text(of(200)), "done 0");
  EXPECT_EQ(text(of(200, {}, R"({"ReturnValue":1,"Outputs":{"q":2},"Logs":["x"]})")), "done 2");
  EXPECT_TRUE(text(of(200, {}, "OK")).starts_with("retry MalformedAnswer"));
  EXPECT_EQ(text(of(500)), "retry HTTP 500: ");
}

TEST(HttpRetryAfterTest, SecondsOrATime) {
  const WallTime now = from_us(1'000'000'000'500'000);
  EXPECT_EQ(retry_after("120", now), std::chrono::seconds(120));
  EXPECT_EQ(retry_after("Sun, 09 Sep 2001 01:46:45 GMT", now), std::chrono::seconds(5));
  EXPECT_EQ(retry_after("Sun, 09 Sep 2001 01:46:35 GMT", now), Duration{0});
  for (const char* bad : {"", "soon", "-1", "1.5", "99999999999", "Sun, 09 Sep 2001"})
    EXPECT_EQ(retry_after(bad, now), std::nullopt) << bad;
}

}  // namespace
}  // namespace pelton::worker::http
