// SPDX-License-Identifier: Apache-2.0
#include "engine/http/invoke/function_response.h"

#include "engine/model/batch_builder.h"

#include <gmock/gmock.h>

namespace pelton::http {
namespace {

using config::Exchange;
using testing::HasSubstr;

model::BatchPtr output(std::string_view data, std::string_view type = "application/json",
                       std::vector<model::Header> headers = {}) {
  model::EventView event;
  event.data = data;
  event.content_type = type;
  event.headers = std::move(headers);
  model::BatchBuilder builder;
  builder.add(event);
  return builder.finish();
}

// "201 text/plain [X: 1] body", or "malformed".
std::string shown(const Result<net::Response>& response) {
  if (!response) return "malformed";
  std::string headers;
  for (const net::Field& field : response->headers)
    headers += (headers.empty() ? "" : ", ") + field.name + ": " + field.value;
  return fmt::format("{} {} [{}] {}", response->status, response->content_type, headers,
                     response->body);
}
std::string v1(std::string_view answer) {
  return shown(function_response(Exchange::gateway_v1, output(answer)));
}
std::string v2(std::string_view answer) {
  return shown(function_response(Exchange::gateway_v2, output(answer)));
}

TEST(FunctionResponse, HasStatusHeadersAndBody) {
  const char* answer =
      R"({"statusCode":201,"headers":{"X":"1","content-type":"text/html"},"body":"b"})";
  EXPECT_EQ(v1(answer), "201 text/html [X: 1] b");
  EXPECT_EQ(v2(answer), "201 text/html [X: 1] b");
}

TEST(FunctionResponse, HasDefaults) {
  EXPECT_EQ(v1(R"({"statusCode":204})"), "204 application/json [] ");
  EXPECT_EQ(v2(R"({"statusCode":"404","body":null,"headers":null})"),
            "404 text/plain; charset=utf-8 [] ");
}

TEST(FunctionResponse, ListsAndCookiesRepeatTheHeader) {
  EXPECT_EQ(
      v1(R"({"statusCode":200,"headers":{"A":"1","B":"x"},"multiValueHeaders":{"A":["1","2"]}})"),
      "200 application/json [A: 1, A: 2, B: x] ");
  EXPECT_EQ(v2(R"({"statusCode":200,"cookies":["a=1","b=2"]})"),
            "200 text/plain; charset=utf-8 [Set-Cookie: a=1, Set-Cookie: b=2] ");
}

TEST(FunctionResponse, NumbersAndBooleansAreTexts) {
  EXPECT_EQ(v1(R"({"statusCode":200.0,"headers":{"N":7,"D":1.5,"W":3.0,"T":true,"Null":null}})"),
            "200 application/json [N: 7, D: 1.5, W: 3, T: true] ");
}

TEST(FunctionResponse, Base64IsDecoded) {
  EXPECT_EQ(v1(R"({"statusCode":200,"body":"aGk=","isBase64Encoded":true})"),
            "200 application/json [] hi");
  EXPECT_EQ(v1(R"({"statusCode":200,"body":"!","isBase64Encoded":true})"), "malformed");
}

TEST(FunctionResponse, InVersionTwoAnythingElseIsTheBody) {
  EXPECT_EQ(v2(R"({"a": 1})"), R"(200 application/json [] {"a": 1})");
  EXPECT_EQ(v2("[1]"), "200 application/json [] [1]");
  EXPECT_EQ(shown(function_response(Exchange::gateway_v2, nullptr)),
            "200 application/json [] null");
  EXPECT_EQ(shown(function_response(Exchange::gateway_v2, output("<p>", "text/html"))),
            "200 text/html [] <p>");
}

TEST(FunctionResponse, InVersionOneAnythingElseIsMalformed) {
  for (const char* answer : {R"({"a":1})", "[1]", "7", "null", "\"x\"", "{"})
    EXPECT_EQ(v1(answer), "malformed") << answer;
}

TEST(FunctionResponse, MalformedOnesAreRefused) {
  for (const char* answer :
       {R"({"statusCode":99})", R"({"statusCode":600})", R"({"statusCode":"x"})",
        R"({"statusCode":200,"body":{}})", R"({"statusCode":200,"headers":[]})",
        R"({"statusCode":200,"headers":{"A":{}}})", R"({"statusCode":200,"headers":{"A b":"1"}})",
        R"({"statusCode":200,"headers":{"A":"1\r\nB: 2"}})", R"({"statusCode":200,"cookies":"a"})",
        R"({"statusCode":200,"multiValueHeaders":{"A":"1"}})"}) {
    EXPECT_EQ(v1(answer), "malformed") << answer;
    EXPECT_EQ(v2(answer), "malformed") << answer;
  }
}

TEST(FunctionResponse, WhatIsTheConnectionsIsLeftOut) {
  EXPECT_EQ(
      v1(R"({"statusCode":200,"headers":{"content-length":"99","Transfer-Encoding":"chunked",)"
         R"("Connection":"close","X":"1"}})"),
      "200 application/json [X: 1] ");
}

TEST(FunctionResponse, NativeOutputsAreBodiesWithAStatusOfTheirOwn) {
  const auto native = [](const model::BatchPtr& outputs) {
    return shown(function_response(Exchange::native, outputs));
  };
  EXPECT_EQ(native(nullptr), "204  [] ");
  EXPECT_EQ(native(output("{}")), "200 application/json [] {}");
  EXPECT_EQ(native(output("x", "")), "200 text/plain; charset=utf-8 [] x");
  EXPECT_EQ(native(output("\xff", "")), "200 application/octet-stream [] \xff");
  EXPECT_EQ(native(output("x", "text/plain", {{":status", "418"}, {"x-a", "1"}})),
            "418 text/plain [x-a: 1] x");
  EXPECT_EQ(native(output("x", "text/plain", {{":status", "one"}})), "malformed");
  EXPECT_EQ(native(output("x", "text/plain", {{":other", "1"}})), "malformed");
}

TEST(FunctionResponse, AContentTypeCannotBeginAnotherHeader) {
  for (const std::string_view type : {"text/html\r\nX: 1", "text/html\n", "text/html\r"})
    for (const Exchange exchange : {Exchange::native, Exchange::gateway_v2})
      EXPECT_EQ(shown(function_response(exchange, output("<p>", type))), "malformed") << type;
}

TEST(FailureResponse, TellsNothingOfTheFunction) {
  using Kind = CallFailure::Kind;
  const CallFailure secret{Kind::function, "KeyError", "password"};
  EXPECT_EQ(failure_response(Exchange::native, secret).status, 502U);
  EXPECT_EQ(failure_response(Exchange::gateway_v1, secret).status, 502U);
  EXPECT_EQ(failure_response(Exchange::gateway_v2, secret).status, 500U);
  EXPECT_EQ(failure_response(Exchange::gateway_v2, secret).body,
            R"({"message":"Internal Server Error"})");
  for (const Exchange exchange : {Exchange::native, Exchange::gateway_v1, Exchange::gateway_v2}) {
    EXPECT_THAT(failure_response(exchange, secret).body, testing::Not(HasSubstr("password")));
    EXPECT_EQ(failure_response(exchange, {Kind::timeout, "", ""}).status, 504U);
    EXPECT_EQ(failure_response(exchange, {Kind::overloaded, "", ""}).status, 503U);
    EXPECT_EQ(failure_response(exchange, {Kind::stopping, "", ""}).status, 503U);
  }
}

}  // namespace
}  // namespace pelton::http
