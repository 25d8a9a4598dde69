// SPDX-License-Identifier: Apache-2.0
#include "engine/http/invoke/gateway_event.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

namespace pelton::http {
namespace {

namespace json = boost::json;

class GatewayEvent : public testing::Test {
 protected:
  GatewayEvent() {
    auto route = std::make_shared<ServedRoute>();
    route->settings.name = "users";
    route->settings.path = *config::PathPattern::parse("/users/{id}");
    route->settings.methods = {"GET", "POST"};
    routed.route = route;
    routed.request.method = "POST";
    routed.request.target = "/users/J%20D?a=1&a=2&b=%C3%A4";
    net::parse_target(routed.request.target, routed.request);
    routed.request.headers = {{"Host", "api.example.com:8080"},
                              {"X-Two", "1"},
                              {"x-two", "2"},
                              {"Cookie", "a=1; b=2"},
                              {"X-Forwarded-For", "6.6.6.6"}};
    routed.request.peer = "10.0.0.1";
    routed.parameters = {{"id", "J D"}};
  }
  void body(const std::string& bytes, const std::string& type) {
    routed.body = bytes;
    routed.request.headers.push_back({"Content-Type", type});
  }
  json::object v1() { return json::parse(gateway_v1_event(routed, context)).as_object(); }
  json::object v2() { return json::parse(gateway_v2_event(routed, context)).as_object(); }
  static std::string text(const json::value& value) { return json::serialize(value); }

  RoutedRequest routed;
  GatewayContext context{"id-1", from_us(1'583'954'638'000'000), "127.0.0.1:8080"};
};

TEST_F(GatewayEvent, VersionTwo) {
  const json::object event = v2();
  EXPECT_EQ(text(event.at("version")), R"("2.0")");
  EXPECT_EQ(text(event.at("routeKey")), R"("POST /users/{id}")");
  EXPECT_EQ(text(event.at("rawPath")), R"("/users/J%20D")");
  EXPECT_EQ(text(event.at("rawQueryString")), R"("a=1&a=2&b=%C3%A4")");
  EXPECT_EQ(text(event.at("queryStringParameters")), R"({"a":"1,2","b":"ä"})");
  EXPECT_EQ(text(event.at("pathParameters")), R"({"id":"J D"})");
  EXPECT_EQ(text(event.at("cookies")), R"(["a=1","b=2"])");
  const json::object& headers = event.at("headers").as_object();
  EXPECT_EQ(text(headers.at("x-two")), R"("1,2")");
  EXPECT_EQ(text(headers.at("x-forwarded-for")), R"("10.0.0.1")") << "not what the client claims";
  EXPECT_FALSE(headers.contains("cookie"));
  const json::object& about = event.at("requestContext").as_object();
  EXPECT_EQ(text(about.at("domainName")), R"("api.example.com")");
  EXPECT_EQ(text(about.at("domainPrefix")), R"("api")");
  EXPECT_EQ(text(about.at("time")), R"("11/Mar/2020:19:23:58 +0000")");
  EXPECT_EQ(text(about.at("timeEpoch")), "1583954638000");
  EXPECT_EQ(text(about.at("http").at("method")), R"("POST")");
  EXPECT_EQ(text(event.at("body")), "null");
  EXPECT_EQ(text(event.at("isBase64Encoded")), "false");
}

TEST_F(GatewayEvent, VersionTwoLeavesOutWhatIsEmpty) {
  routed.request.query.clear();
  routed.request.headers.clear();
  routed.parameters.clear();
  const json::object event = v2();
  for (const char* name : {"queryStringParameters", "pathParameters", "cookies"})
    EXPECT_FALSE(event.contains(name)) << name;
}

TEST_F(GatewayEvent, VersionOne) {
  const json::object event = v1();
  EXPECT_EQ(text(event.at("resource")), R"("/users/{id}")");
  EXPECT_EQ(text(event.at("path")), R"("/users/J%20D")");
  EXPECT_EQ(text(event.at("queryStringParameters")), R"({"a":"2","b":"ä"})");
  EXPECT_EQ(text(event.at("multiValueQueryStringParameters")), R"({"a":["1","2"],"b":["ä"]})");
  EXPECT_EQ(text(event.at("pathParameters")), R"({"id":"J D"})");
  EXPECT_EQ(text(event.at("headers").at("Host")), R"("api.example.com:8080")");
  EXPECT_EQ(text(event.at("multiValueHeaders").at("Cookie")), R"(["a=1; b=2"])");
  EXPECT_EQ(text(event.at("multiValueHeaders").at("X-Two")), R"(["1","2"])") << "in any case";
  EXPECT_EQ(text(event.at("headers").at("X-Two")), R"("2")");
  EXPECT_FALSE(event.at("headers").as_object().contains("x-two"));
  EXPECT_EQ(text(event.at("requestContext").at("identity").at("sourceIp")), R"("10.0.0.1")");
  EXPECT_EQ(text(event.at("stageVariables")), "null");
  EXPECT_EQ(text(event.at("body")), "null");
}

TEST_F(GatewayEvent, VersionOneHasNullForWhatIsEmpty) {
  routed.request.query.clear();
  routed.parameters.clear();
  const json::object event = v1();
  for (const char* name :
       {"queryStringParameters", "multiValueQueryStringParameters", "pathParameters"})
    EXPECT_EQ(text(event.at(name)), "null") << name;
}

TEST_F(GatewayEvent, TextIsHandedOverAsText) {
  body(R"({"a":1})", "application/json; charset=utf-8");
  EXPECT_EQ(v2().at("body").as_string(), R"({"a":1})");
  EXPECT_EQ(v1().at("body").as_string(), R"({"a":1})");
}

TEST_F(GatewayEvent, WhatIsNoTextIsBase64) {
  body("\xff", "text/plain");
  EXPECT_EQ(v1().at("body").as_string(), "/w==");
  EXPECT_TRUE(v2().at("isBase64Encoded").as_bool());
}

TEST_F(GatewayEvent, FormsAreBase64InVersionTwoOnly) {
  body("a=1", "application/x-www-form-urlencoded");
  EXPECT_EQ(v1().at("body").as_string(), "a=1");
  EXPECT_EQ(v2().at("body").as_string(), "YT0x");
}

TEST_F(GatewayEvent, BytesThatAreNoUtf8DoNotBreakTheJson) {
  routed.request.headers.push_back({"X-Latin", "caf\xe9"});
  EXPECT_TRUE(v1().at("headers").as_object().contains("X-Latin"));
  EXPECT_TRUE(v2().at("headers").as_object().contains("x-latin"));
}

}  // namespace
}  // namespace pelton::http
