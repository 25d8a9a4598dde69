// SPDX-License-Identifier: Apache-2.0
#include "engine/model/batch_builder.h"
#include "engine/worker/runtimes/http/azure.h"
#include "engine/worker/runtimes/http/request.h"

#include <gtest/gtest.h>

namespace pelton::worker::http {
namespace {

const WallTime kRequested = from_us(1'700'000'000'000'000);

class HttpRequestTest : public ::testing::Test {
 protected:
  HttpRequestTest() {
    function.name = "f";
    event.id = "e1";
    event.source = "/shop";
    event.type = "order";
    event.data = "{\"n\":1}";
    event.content_type = "application/json";
  }
  Result<Request> make() {
    model::BatchBuilder builder;
    builder.add(event);
    frame.stream = "orders";
    frame.binding = "bill";
    frame.partition = PartitionId{2};
    frame.base = 40;
    frame.key_prefix = "bill/orders/x/2/";
    frame.batch = builder.finish();
    return make_request(frame, 0, {function, options, "127.0.0.1:80"}, kRequested);
  }
  std::string head() { return make()->head; }
  // Of the head: the value of a field; "none" without it.
  std::string field(const std::string& name) {
    const std::string text = head();
    const auto at = text.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "none";
    const auto begin = at + name.size() + 4;
    return text.substr(begin, text.find("\r\n", begin) - begin);
  }
  std::string refused() {
    const auto request = make();
    return request ? "accepted" : request.error().code;
  }

  config::Function function;
  Options options;
  model::EventView event;
  model::Frame frame;
};

TEST_F(HttpRequestTest, TheBodyIsTheBatchsOwn) {
  const auto request = make();
  EXPECT_TRUE(request->head.starts_with("POST / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n"));
  EXPECT_TRUE(request->head.ends_with("Content-Length: 7\r\n\r\n"));
  EXPECT_EQ(request->body().data(), frame.batch->data(0).data());
  EXPECT_TRUE(request->repeatable);
  EXPECT_FALSE(request->passed_on);
}

TEST_F(HttpRequestTest, Attributes) {
  event.subject = "a b\n";
  event.has_key = true;
  event.key = "k\"";
  event.time_us = to_us(kRequested);
  EXPECT_EQ(field("Ce-Id"), "e1");
  EXPECT_EQ(field("Ce-Subject"), "a%20b%0A");
  EXPECT_EQ(field("Ce-Partitionkey"), "k%22");
  EXPECT_EQ(field("Ce-Time"), "2023-11-14T22:13:20Z");
  EXPECT_EQ(field("Content-Type"), "application/json");
}

TEST_F(HttpRequestTest, WhatAnEventLacks) {
  event.id = event.source = event.type = event.content_type = {};
  EXPECT_EQ(field("Ce-Id"), "orders/2/40");
  EXPECT_EQ(field("Ce-Source"), "/streams/orders");
  EXPECT_EQ(field("Ce-Type"), "pelton.event");
  EXPECT_EQ(field("Content-Type"), "none");
  EXPECT_EQ(field("Ce-Partitionkey"), "none");
}

TEST_F(HttpRequestTest, Delivery) {
  function.timeout = std::chrono::seconds(5);
  EXPECT_EQ(field("Pelton-Attempt"), "1");
  EXPECT_EQ(field("Pelton-Deadline"), "1700000005000");
  EXPECT_EQ(field("Pelton-Idempotency-Key"), "bill/orders/x/2/40");
  EXPECT_EQ(field("Pelton-Partition"), "2");
  frame.attempts = {3};
  EXPECT_EQ(field("Pelton-Attempt"), "3");
}

TEST_F(HttpRequestTest, HeadersBecomeExtensions) {
  event.headers = {{"tenant", "a"}, {"ce_region", "b"}, {"X-Other", "c\r\nEvil: 1"},
                   {"id", "d"},     {"a b", "e"},       {"traceparent", "00-1"}};
  EXPECT_EQ(field("Ce-tenant"), "a");
  EXPECT_EQ(field("Ce-region"), "b");
  EXPECT_EQ(field("Pelton-Header-X-Other"), "c%0D%0AEvil:%201");
  EXPECT_EQ(field("Ce-Id"), "e1") << "not that of the header";
  EXPECT_EQ(field("Pelton-Header-id"), "d");
  EXPECT_FALSE(head().contains("a b"));
  EXPECT_EQ(field("traceparent"), "00-1");
}

TEST_F(HttpRequestTest, NothingOfAnEventBreaksTheHead) {
  event.content_type = "text/plain\r\nEvil: 1";
  event.headers = {{"traceparent", "x\r\nEvil: 1"}};
  EXPECT_FALSE(head().contains("\r\nEvil"));
}

TEST_F(HttpRequestTest, PathsAreTemplates) {
  options.path = "/{function}/{stream}?b={binding}";
  EXPECT_TRUE(head().starts_with("POST /f/orders?b=bill HTTP/1.1"));
}

TEST_F(HttpRequestTest, Structured) {
  options.event = Shape::structured;
  event.headers = {{"tenant", "a"}};
  EXPECT_EQ(make()->own_body,
            R"({"specversion":"1.0","id":"e1","source":"/shop","type":"order","tenant":"a",)"
            R"("datacontenttype":"application/json","data":{"n":1}})");
  event.data = std::string_view("\0", 1);
  EXPECT_TRUE(make()->own_body.ends_with(R"("data_base64":"AA=="})"));
  event.has_data = false;
  EXPECT_FALSE(make()->own_body.contains("data_base64"));
}

TEST_F(HttpRequestTest, Raw) {
  options.event = Shape::raw;
  event.headers = {{"tenant", "a"}};
  EXPECT_EQ(field("Pelton-Id"), "e1");
  EXPECT_EQ(field("Pelton-Header-tenant"), "a");
  EXPECT_EQ(field("Ce-Id"), "none");
}

TEST_F(HttpRequestTest, Azure) {
  options.event = Shape::azure;
  options.trigger = "item";
  EXPECT_TRUE(head().starts_with("POST /f HTTP/1.1"));
  EXPECT_TRUE(
      make()->own_body.starts_with(R"({"Data":{"item":"{\"n\":1}"},"Metadata":{"Id":"e1",)"))
      << make()->own_body;
}

TEST_F(HttpRequestTest, AClientsRequestIsPassedOn) {
  event.headers = {{":method", "PUT"},  {":path", "/a//b"},      {":query", "x=1"},
                   {"host", "example"}, {"connection", "close"}, {"content-length", "99"},
                   {"x-own", "1"}};
  const auto request = make();
  EXPECT_EQ(request->head,
            "PUT /a//b?x=1 HTTP/1.1\r\nhost: example\r\nx-own: 1\r\nContent-Length: 7\r\n\r\n");
  EXPECT_TRUE(request->passed_on);
  EXPECT_TRUE(request->repeatable);
  event.headers[0].value = "POST";
  EXPECT_FALSE(make()->repeatable);
  event.headers[0].value = "HEAD";
  EXPECT_TRUE(make()->no_answer_body);
}

TEST_F(HttpRequestTest, WhatCannotBePassedOn) {
  const std::vector<model::Header> good{{":method", "GET"}, {":path", "/"}, {":query", ""}};
  event.headers = good;
  EXPECT_EQ(refused(), "accepted");
  for (const auto& [at, value] : {std::pair(0, "G T"),
                                  {0, ""},
                                  {0, "CONNECT"},
                                  {1, "x"},
                                  {1, "/ x"},
                                  {1, "/\r\n"},
                                  {2, "a b"},
                                  {2, "\n"}}) {
    event.headers = good;
    event.headers[static_cast<std::size_t>(at)].value = value;
    EXPECT_EQ(refused(), "InvalidRequest") << at << value;
  }
  event.headers = good;
  event.headers.push_back({"x", "1\r\n"});
  EXPECT_EQ(refused(), "InvalidRequest");
}

TEST(HttpAzureTest, Results) {
  const auto result = read_azure_result(
      R"({"Outputs":{"a":{"x":1},"b":null,"c":"text"},"Logs":["l",{"m":2}],"ReturnValue":"{}"})");
  ASSERT_TRUE(result);
  ASSERT_EQ(result->values.size(), 3U);
  EXPECT_EQ(result->values[0].name, "");
  EXPECT_EQ(result->values[0].content_type, "application/json");
  EXPECT_EQ(result->values[1].data, R"({"x":1})");
  EXPECT_EQ(result->values[2].content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(result->logs, (std::vector<std::string>{"l", R"({"m":2})"}));
  EXPECT_TRUE(read_azure_result("{}")->values.empty());
  for (const char* bad : {"", "x", "[]", R"({"Logs":1})", R"({"Outputs":[]})"})
    EXPECT_FALSE(read_azure_result(bad)) << bad;
}

}  // namespace
}  // namespace pelton::worker::http
