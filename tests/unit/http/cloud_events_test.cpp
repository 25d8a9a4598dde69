// SPDX-License-Identifier: Apache-2.0
#include "engine/http/ingest/cloud_events.h"

#include <gmock/gmock.h>

namespace pelton::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CloudEvents : public testing::Test {
 protected:
  net::Request request(std::vector<net::Field> headers) {
    net::Request made;
    made.method = "POST";
    made.headers = std::move(headers);
    return made;
  }
  std::vector<net::Field> required() {
    return {{"ce-specversion", "1.0"}, {"CE-Id", "1"}, {"ce-source", "/s"}, {"ce-type", "t"}};
  }
  // With one more header.
  Status binary(const std::string& name, const std::string& value, const std::string& body = "") {
    auto headers = required();
    headers.push_back({name, value});
    return add_binary(request(headers), body, sink);
  }
  Status structured(const std::string& members) {
    return add_structured(
        R"({"specversion":"1.0","id":"1","source":"/s","type":"t")" + members + "}", sink);
  }
  model::BatchPtr batch() { return builder.finish(); }

  model::BatchBuilder builder;
  std::vector<std::string> ids;
  EventSink sink{builder, ids, from_us(5)};
};

TEST_F(CloudEvents, ModesAreToldApart) {
  EXPECT_EQ(cloud_event_mode(request({})), CloudEventMode::none);
  EXPECT_EQ(cloud_event_mode(request(required())), CloudEventMode::binary);
  const auto of = [&](const char* type) {
    return cloud_event_mode(request({{"content-type", type}}));
  };
  EXPECT_EQ(of("Application/CloudEvents+JSON; charset=utf-8"), CloudEventMode::structured);
  EXPECT_EQ(of("application/cloudevents-batch+json"), CloudEventMode::batch);
  EXPECT_EQ(of("application/cloudevents+avro"), CloudEventMode::unknown);
  EXPECT_EQ(of("application/json"), CloudEventMode::none);
}

TEST_F(CloudEvents, BinaryAttributesAreDecodedOnce) {
  ASSERT_TRUE(binary("ce-subject", "a%20%C3%A4%2520", "data"));
  EXPECT_EQ(batch()->subject(0), "a ä%20");
  ASSERT_TRUE(binary("ce-subject", R"("a \"b\"")", "data"));
  EXPECT_EQ(batch()->subject(0), "a \"b\"");
  EXPECT_FALSE(binary("ce-subject", "%zz"));
  EXPECT_FALSE(binary("ce-subject", "%ff")) << "not UTF-8";
}

TEST_F(CloudEvents, ExtensionsBecomeHeadersAndPartitionkeyTheKey) {
  ASSERT_TRUE(binary("ce-partitionkey", "k"));
  const auto made = batch();
  EXPECT_EQ(made->key(0), "k");
  std::string_view value;
  EXPECT_TRUE(made->find_header(0, "partitionkey", value));
  EXPECT_FALSE(made->has_data(0)) << "neither a body nor a type of one";
  EXPECT_THAT(ids, ElementsAre("1"));
  EXPECT_EQ(made->time_us(0), 5) << "now";
}

TEST_F(CloudEvents, TheKeyOfTheRouteComesFirst) {
  const std::string key = "mine";
  EventSink with{builder, ids, from_us(5), &key};
  auto headers = required();
  headers.push_back({"ce-partitionkey", "k"});
  ASSERT_TRUE(add_binary(request(headers), "", with));
  EXPECT_EQ(batch()->key(0), "mine");
}

TEST_F(CloudEvents, WhatIsMissingOrWrongIsNamed) {
  const auto error = add_binary(request({{"ce-specversion", "1.0"}, {"ce-id", "1"}}), "", sink);
  ASSERT_FALSE(error);
  EXPECT_THAT(error.error().message, HasSubstr("source"));
  EXPECT_FALSE(
      add_binary(request({{"ce-id", "1"}, {"ce-source", "/s"}, {"ce-type", "t"}}), "", sink));
  EXPECT_FALSE(binary("ce-time", "yesterday"));
  EXPECT_FALSE(binary("ce-datacontenttype", "text/plain"));
  EXPECT_FALSE(binary("ce-bad_name", "1"));
}

TEST_F(CloudEvents, StructuredDataKeepsItsBytes) {
  ASSERT_TRUE(structured(R"(,"data": {"n": 1.000, "big": 12345678901234567890123})"));
  auto made = batch();
  EXPECT_EQ(made->data(0), R"({"n": 1.000, "big": 12345678901234567890123})");
  EXPECT_EQ(made->content_type(0), "application/json");
  ASSERT_TRUE(structured(R"(,"datacontenttype":"text/plain","data":"a\nb")"));
  EXPECT_EQ(batch()->data(0), "a\nb");
  ASSERT_TRUE(structured(R"(,"data":"a")"));
  EXPECT_EQ(batch()->data(0), R"("a")") << "JSON unless it says otherwise";
  ASSERT_TRUE(structured(R"(,"data_base64":"/wA=","n":7,"flag":true,"nothing":null)"));
  made = batch();
  EXPECT_EQ(made->data(0), std::string_view("\xff\0", 2));
  EXPECT_EQ(made->headers(0).size(), 2U);
}

TEST_F(CloudEvents, BadStructuredOnesAreRefused) {
  for (const char* more : {R"(,"data":1,"data_base64":"")", R"(,"data_base64":"!")", R"(,"ext":{})",
                           R"(,"id":"2")", R"(,"Ext":"1")", R"(,"time":7)"})
    EXPECT_FALSE(structured(more)) << more;
  for (const char* body : {"", "[]", "7", "{", "{\"specversion\":\"0.3\"}"})
    EXPECT_FALSE(add_structured(body, sink)) << body;
  EXPECT_FALSE(add_structured(std::string(100'000, '['), sink)) << "too deep";
}

TEST_F(CloudEvents, ABatchIsAllOrNothing) {
  const std::string one = R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})";
  ASSERT_TRUE(add_batch("[ " + one + " , " + one + "]", sink));
  EXPECT_EQ(batch()->size(), 2U);
  EXPECT_TRUE(add_batch("[]", sink));
  const auto error = add_batch("[" + one + ",{}]", sink);
  ASSERT_FALSE(error);
  EXPECT_THAT(error.error().message, HasSubstr("event 2"));
  EXPECT_FALSE(add_batch(one, sink));
}

}  // namespace
}  // namespace pelton::http
