// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/sample_event.h"

#include "engine/base/units.h"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>

namespace pelton::runtime {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

class SampleEventTest : public testing::Test {
 protected:
  json::value make(const std::string& kind, std::map<std::string, std::string> options = {},
                   std::vector<std::pair<std::string, std::string>> headers = {},
                   std::uint32_t count = 1) const {
    const auto event = sample_event(kind, {std::move(options), std::move(headers), count}, now);
    EXPECT_TRUE(event) << event.error().text();
    return event ? json::parse(*event) : json::value();
  }
  json::value record(const json::value& event) const { return event.at("Records").at(0); }
  std::string refusal(const std::string& kind, std::map<std::string, std::string> options,
                      std::uint32_t count = 1) const {
    const auto event = sample_event(kind, {std::move(options), {}, count}, now);
    return event ? "" : event.error().text();
  }
  const WallTime now = *parse_time("2026-11-29T02:03:04.567Z");
};

TEST_F(SampleEventTest, EachKindHasAnExample) {
  for (const SampleKind& kind : sample_kinds()) {
    EXPECT_TRUE(make(std::string(kind.name)).is_object()) << kind.name;
    EXPECT_FALSE(kind.what.empty());
  }
}

TEST_F(SampleEventTest, Objects) {
  const auto put =
      record(make("s3:put", {{"bucket", "b"}, {"key", "a \xc3\xa9.jpg"}, {"size", "70"}}));
  EXPECT_EQ(put.at("eventName"), "ObjectCreated:Put");
  EXPECT_EQ(put.at("eventTime"), "2026-11-29T02:03:04.567Z");
  EXPECT_EQ(put.at("s3").at("bucket").at("arn"), "arn:aws:s3:::b");
  EXPECT_EQ(put.at("s3").at("object").at("key"), "a+%C3%A9.jpg");
  EXPECT_EQ(put.at("s3").at("object").at("size"), 70);
  const auto removed = record(make("s3:delete", {{"key", "x"}}));
  EXPECT_EQ(removed.at("eventName"), "ObjectRemoved:Delete");
  EXPECT_FALSE(removed.at("s3").at("object").as_object().contains("size"));
}

TEST_F(SampleEventTest, RecordsOfStreams) {
  const auto kafka =
      make("kafka", {{"topic", "t"}, {"key", "k"}, {"data", "x"}}, {{"h", "\xff"}}, 2);
  EXPECT_EQ(kafka.at("eventSource"), "SelfManagedKafka");
  const auto& records = kafka.at("records").at("t-0").as_array();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].at("offset"), 1);
  EXPECT_EQ(records[0].at("key"), "aw==");
  EXPECT_EQ(records[0].at("headers").at(0).at("h").at(0), -1);
  const auto message = record(make("sqs", {{"queue", "q"}, {"data", "x"}}, {{"h", "v"}}));
  EXPECT_EQ(message.at("body"), "x");
  EXPECT_EQ(message.at("eventSourceARN"), "arn:aws:sqs:us-east-1:000000000000:q");
  EXPECT_EQ(message.at("messageAttributes").at("h").at("dataType"), "String");
  EXPECT_EQ(record(make("kinesis", {{"key", "k"}})).at("kinesis").at("partitionKey"), "k");
  const auto change = record(make("dynamodb", {{"key", R"({"n":1})"}, {"data", R"({"n":1})"}}));
  EXPECT_EQ(change.at("dynamodb").at("Keys").at("n").at("N"), "1");
  EXPECT_EQ(change.at("eventName"), "INSERT");
}

TEST_F(SampleEventTest, Requests) {
  const auto http = make("http",
                         {{"method", "POST"},
                          {"path", "/users/a%20b"},
                          {"query", "x=1&x=2"},
                          {"route", "/users/{id}"},
                          {"data", "body"}},
                         {{"X-Test", "t"}});
  EXPECT_EQ(http.at("routeKey"), "POST /users/{id}");
  EXPECT_EQ(http.at("rawPath"), "/users/a%20b");
  EXPECT_EQ(http.at("pathParameters").at("id"), "a b");
  EXPECT_EQ(http.at("queryStringParameters").at("x"), "1,2");
  EXPECT_EQ(http.at("headers").at("x-test"), "t");
  EXPECT_EQ(http.at("body"), "body");
  const auto first = make("http:v1", {{"path", "/a"}});
  EXPECT_EQ(first.at("resource"), "/a");
  EXPECT_EQ(first.at("requestContext").at("httpMethod"), "GET");
}

TEST_F(SampleEventTest, TheRest) {
  const auto slot = make("schedule", {{"name", "r"}, {"data", R"({"a":1})"}});
  EXPECT_EQ(slot.at("time"), "2026-11-29T02:03:04Z");
  EXPECT_EQ(slot.at("resources").at(0), "arn:aws:events:us-east-1:000000000000:rule/r");
  EXPECT_EQ(slot.at("detail").at("a"), 1);
  EXPECT_EQ(make("cloudevents", {{"type", "t"}}).at("type"), "t");
  const auto plain = make("event", {{"key", "k"}, {"data", "text"}}, {{"h", "v"}});
  EXPECT_EQ(plain.at("data"), "text");
  EXPECT_EQ(plain.at("headers").at(0).at(1), "v");
  EXPECT_EQ(make("event").at("data").at("message"), "hello");
}

TEST_F(SampleEventTest, WhatItCannotUse) {
  EXPECT_THAT(refusal("s3:putt", {}), HasSubstr("did you mean \"s3:put\"?"));
  EXPECT_THAT(refusal("s3:put", {{"topic", "t"}}), HasSubstr("has no --topic; it has --bucket"));
  EXPECT_THAT(refusal("s3:put", {}, 2), HasSubstr("has no --count"));
  EXPECT_THAT(refusal("s3:put", {{"size", "1k"}}), HasSubstr("--size"));
  EXPECT_THAT(refusal("http", {{"path", "/%zz"}}), HasSubstr("no path and query"));
  EXPECT_THAT(refusal("http", {{"route", "/users/{id}"}}), HasSubstr("is none of --route"));
  EXPECT_THAT(refusal("http", {{"route", "users"}}), HasSubstr("--route"));
  EXPECT_THAT(refusal("schedule", {{"data", "{"}}), HasSubstr("--data is not JSON"));
  EXPECT_THAT(refusal("dynamodb", {{"data", "x"}}), HasSubstr("not a JSON object"));
  EXPECT_THAT(refusal("sqs", {{"data", std::string(2'000, 'x')}}, 10'000), HasSubstr("6 MiB"));
}

}  // namespace
}  // namespace pelton::runtime
