// SPDX-License-Identifier: Apache-2.0
#include "engine/model/batch_builder.h"
#include "engine/worker/runtimes/lambda/document.h"
#include "engine/worker/runtimes/lambda/runtime_api.h"
#include "engine/worker/runtimes/lambda/trace.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace pelton::worker::lambda {
namespace {

namespace json = boost::json;

// A frame of partition 3 of the stream "orders" that begins at offset 15.
class DocumentTest : public ::testing::Test {
 protected:
  DocumentTest() {
    frame.binding = "b";
    frame.stream = "orders";
    frame.partition = PartitionId{3};
    frame.base = 15;
    frame.key_prefix = "b/orders/0/3/";
    frame.form = &form;
    event.time_us = 1'545'084'650'987'000;
  }
  void add(std::string_view data) {
    event.data = data;
    builder.add(event);
  }
  Result<Document> make(model::EventShape shape, std::uint32_t first = 0) {
    form.shape = shape;
    if (!builder.empty()) frame.batch = builder.finish();
    return make_document(frame, first, account, from_us(1'700'000'000'000'000));
  }
  json::value parsed(model::EventShape shape) { return json::parse(make(shape)->json); }
  std::string at(const json::value& document, const char* pointer) {
    return json::serialize(document.at_pointer(pointer));
  }

  const Account account{"eu-central-1"};
  model::EventForm form{model::EventShape::raw, "orders", "one:9092,two:9092"};
  model::BatchBuilder builder;
  model::EventView event;
  model::Frame frame;
};

TEST_F(DocumentTest, RawIsTheData) {
  add(R"({"a": 1})");
  EXPECT_EQ(make(model::EventShape::raw)->json, R"({"a": 1})");
  for (const char* type : {"text/plain", ""}) {
    event.content_type = type;
    add("a \"text\"");
    EXPECT_EQ(make(model::EventShape::raw)->json, R"("a \"text\"")");
  }
  event.has_data = false;
  add("");
  EXPECT_EQ(make(model::EventShape::raw)->json, "null");
}

TEST_F(DocumentTest, RawDataThatIsNoJsonIsRefused) {
  for (const char* data : {"plain", "{", "{} {}", "\"\xff\""}) {
    event.content_type = std::string_view(data).contains('\xff') ? "" : "application/json";
    add(data);
    const auto document = make(model::EventShape::raw);
    ASSERT_FALSE(document) << data;
    EXPECT_EQ(document.error().code, "InvalidRequestContent");
  }
}

TEST_F(DocumentTest, ADocumentHasTheSizeThatAwsAllows) {
  const std::string text = "\"" + std::string(kMaxPayload - 2, 'x') + "\"";
  add(text);
  EXPECT_TRUE(make(model::EventShape::raw));
  add(text + " ");
  EXPECT_EQ(make(model::EventShape::raw).error().code, "RequestEntityTooLarge");
}

TEST_F(DocumentTest, ABatchTakesAsManyAsFit) {
  const std::string text(2'000'000, 'x');
  for (int i = 0; i < 5; ++i) add(text);
  EXPECT_EQ(make(model::EventShape::kafka)->count, 2U) << "base64 adds a third";
  const auto second = make(model::EventShape::kafka, 2);
  EXPECT_EQ(second->count, 2U);
  EXPECT_EQ(second->records, (std::vector<std::string>{"17", "18"}));
  EXPECT_EQ(make(model::EventShape::kafka, 4)->count, 1U);
  const std::string large(5'000'000, 'x');
  add(large);
  EXPECT_EQ(make(model::EventShape::kafka).error().code, "RequestEntityTooLarge");
}

TEST_F(DocumentTest, KafkaRecords) {
  event.has_key = true;
  event.key = "k";
  event.headers = {{"h", "\xff\x01"}, {"h", "b"}};
  add("v");
  const auto document = parsed(model::EventShape::kafka);
  EXPECT_EQ(at(document, "/bootstrapServers"), R"("one:9092,two:9092")");
  EXPECT_EQ(at(document, "/records/orders-3/0"),
            R"({"topic":"orders","partition":3,"offset":15,"timestamp":1545084650987,)"
            R"("timestampType":"CREATE_TIME","key":"aw==","value":"dg==",)"
            R"("headers":[{"h":[-1,1]},{"h":[98]}]})");
}

TEST_F(DocumentTest, MessagesHaveIdsThatStay) {
  add("one");
  add("two");
  const auto first = make(model::EventShape::sqs);
  frame.attempts = {2, 1};
  const auto again = make(model::EventShape::sqs);
  EXPECT_EQ(first->records, again->records);
  EXPECT_NE(first->records[0], first->records[1]);
  const auto document = json::parse(again->json);
  EXPECT_EQ(at(document, "/Records/0/messageId"), "\"" + first->records[0] + "\"");
  EXPECT_EQ(at(document, "/Records/0/attributes/ApproximateReceiveCount"), "\"2\"");
  EXPECT_EQ(at(document, "/Records/1/body"), "\"two\"");
}

TEST_F(DocumentTest, ChangesOfRows) {
  event.has_key = true;
  event.key = R"({"id":7})";
  add(R"({"op":"u","before":{"a":[1.5,null]},"after":{"a":true},"source":{}})");
  const auto document = parsed(model::EventShape::dynamodb);
  EXPECT_EQ(at(document, "/Records/0/eventName"), "\"MODIFY\"");
  EXPECT_EQ(at(document, "/Records/0/dynamodb/OldImage"),
            R"({"a":{"L":[{"N":"1.5"},{"NULL":true}]}})");
  EXPECT_EQ(at(document, "/Records/0/dynamodb/NewImage"), R"({"a":{"BOOL":true}})");
  EXPECT_EQ(at(document, "/Records/0/dynamodb/Keys"), R"({"id":{"N":"7"}})");
  add("[]");
  EXPECT_EQ(make(model::EventShape::dynamodb).error().code, "InvalidRequestContent");
}

TEST_F(DocumentTest, RecordsOfAKinesisStream) {
  event.has_key = true;
  event.key = "\xff";
  add("v");
  add("w");
  const auto document = parsed(model::EventShape::kinesis);
  EXPECT_EQ(at(document, "/Records/0/kinesis"),
            R"({"kinesisSchemaVersion":"1.0","partitionKey":"/w==",)"
            R"("sequenceNumber":"000000000000000000015","data":"dg==",)"
            R"("approximateArrivalTimestamp":1.545084650987E9})");
  EXPECT_EQ(at(document, "/Records/1/eventID"), R"("shardId-000000000003:000000000000000000016")");
  EXPECT_EQ(at(document, "/Records/1/eventSourceARN"),
            R"("arn:aws:kinesis:eu-central-1:000000000000:stream/orders")");
}

TEST_F(DocumentTest, CloudEventsHaveWhatTheyNeed) {
  event.headers = {{"ce_tenant", "t"}, {"region", "r"}, {"tenant", "again"}, {"traceparent", "p"},
                   {"ce_Bad", "b"},    {"id", "no"},    {"X-Other", "no"}};
  event.content_type = "application/json";
  add("{\"a\":1}");
  EXPECT_EQ(make(model::EventShape::cloudevents)->json,
            R"({"specversion":"1.0","id":"orders/3/15","source":"/streams/orders",)"
            R"("type":"pelton.event","time":"2018-12-17T22:10:50.987Z","tenant":"t","region":"r",)"
            R"("traceparent":"p","datacontenttype":"application/json","data":{"a":1}})");
  event.headers.clear();
  event.content_type = "image/png";
  add("\xff");
  EXPECT_TRUE(make(model::EventShape::cloudevents)
                  ->json.ends_with(R"("datacontenttype":"image/png","data_base64":"/w=="})"));
  event.content_type = "text/plain";
  add("{\"a\":1}");
  EXPECT_TRUE(make(model::EventShape::cloudevents)->json.ends_with(R"("data":"{\"a\":1}"})"));
}

TEST_F(DocumentTest, ObjectsThatCameAndWent) {
  event.subject = "a b/c+d.jpg";
  event.type = "pelton.file.created";
  event.headers = {{"size", "7"}};
  add("");
  auto document = parsed(model::EventShape::s3);
  EXPECT_EQ(at(document, "/Records/0/eventName"), "\"ObjectCreated:Put\"");
  EXPECT_EQ(at(document, "/Records/0/eventTime"), "\"2018-12-17T22:10:50.987Z\"");
  EXPECT_EQ(at(document, "/Records/0/s3/object/key"), "\"a+b/c%2Bd.jpg\"");
  EXPECT_EQ(at(document, "/Records/0/s3/object/size"), "7");
  event.type = "object.removed";
  add("");
  document = parsed(model::EventShape::s3);
  EXPECT_EQ(at(document, "/Records/0/eventName"), "\"ObjectRemoved:Delete\"");
}

TEST_F(DocumentTest, NotificationsOfObjectsArePassedOn) {
  const std::string own = R"({"Records":[{"s3":{}}]})";
  add(own);
  EXPECT_EQ(make(model::EventShape::s3)->json, own);
}

TEST_F(DocumentTest, WhatSurroundsASingleEvent) {
  event.has_key = true;
  event.key = "k";
  add("1");
  (void)make(model::EventShape::raw);
  EXPECT_EQ(client_context(frame, 0),
            R"({"custom":{"stream":"orders","partition":"3","offset":"15","attempt":"1",)"
            R"("idempotency_key":"b/orders/0/3/15","key":"k"}})");
  event.key = "\xc3\xa9";
  add("1");
  (void)make(model::EventShape::raw);
  EXPECT_NE(client_context(frame, 0).find(R"("key_base64":"w6k=")"), std::string::npos);
}

class TraceTest : public DocumentTest {
 protected:
  TraceTest() { function_.name = "f"; }
  void with(std::vector<model::Header> headers) {
    event.headers = std::move(headers);
    add("1");
    (void)make(model::EventShape::raw);
  }
  // The trace of an event with these headers; its lineage is cut off.
  std::string trace(std::vector<model::Header> headers, std::int64_t now_us = 7'000'000) {
    with(std::move(headers));
    const std::string whole = trace_id(frame, 0, function_, from_us(now_us));
    const auto end = whole.find(";Lineage=");
    EXPECT_NE(end, std::string::npos) << whole;
    lineage_ = whole.substr(end + 9);
    return whole.substr(0, end);
  }
  void trace_actively() { function_.environment["AWS_XRAY_DAEMON_ADDRESS"] = "127.0.0.1:2000"; }

  config::Function function_;
  std::string lineage_;
};

TEST_F(TraceTest, IsThatOfTheEvent) {
  constexpr const char* kRoot = "Root=1-0af76519-16cd43dd8448eb211c80319c";
  const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0";
  const std::string sampled = parent + "1";
  const std::string unsampled = parent + "0";
  EXPECT_EQ(trace({{"traceparent", sampled}}),
            std::string(kRoot) + ";Parent=b7ad6b7169203331;Sampled=1");
  const std::string amzn = std::string(kRoot) + ";Parent=53995c3f42cd8ad8;Sampled=1";
  EXPECT_EQ(trace({{"traceparent", unsampled}, {"x-amzn-trace-id", amzn}}), amzn);
  // What the caller has decided is not decided again.
  trace_actively();
  EXPECT_EQ(trace({{"traceparent", unsampled}}),
            std::string(kRoot) + ";Parent=b7ad6b7169203331;Sampled=0");
  const std::string self = std::string("Self=1-2-3; ") + kRoot;
  const std::string open = trace({{"x-amzn-trace-id", self}});
  EXPECT_TRUE(open.starts_with(std::string(kRoot) + ";Parent=") && open.ends_with(";Sampled=1"))
      << open;
}

TEST_F(TraceTest, IsANewOneWhereTheEventHasNone) {
  for (const std::string bad : {"", "Root=1-0af76519-16cd43dd8448eb211c80319", "Root=", ";;=;",
                                "Root=1-0AF76519-16cd43dd8448eb211c80319c",
                                "Parent=53995c3f42cd8ad8;Sampled=1", "00-nonsense"})
    for (const char* name : {"traceparent", "x-amzn-trace-id"}) {
      const std::string made = trace({{name, bad}});
      EXPECT_TRUE(made.starts_with("Root=1-00000007-") && made.ends_with(";Sampled=0")) << made;
      EXPECT_EQ(made.size(), std::string("Root=;Parent=;Sampled=0").size() + 35 + 16) << made;
      EXPECT_NE(trace({{name, bad}}, 8'000'000), made);
    }
  trace_actively();
  EXPECT_TRUE(trace({}).ends_with(";Sampled=1"));
}

TEST_F(TraceTest, CountsTheRoundsOfAFunction) {
  const std::string root = "Root=1-0af76519-16cd43dd8448eb211c80319c;Lineage=";
  std::string header;
  for (std::uint32_t round = 0; round <= kMostRounds; ++round) {
    if (round > 0) header = root + lineage_;
    std::vector<model::Header> headers;
    if (!header.empty()) headers.push_back({"x-amzn-trace-id", header});
    (void)trace(headers);
    EXPECT_EQ(rounds(frame, 0, function_), round) << header;
    // Others in between count for themselves.
    function_.name = "g";
    header = root + lineage_;
    (void)trace({{"x-amzn-trace-id", header}});
    function_.name = "f";
  }
}

TEST_F(TraceTest, AnyLineageGivesAShortOne) {
  std::string many = "Root=1-0af76519-16cd43dd8448eb211c80319c;Lineage=";
  for (int i = 0; i < 100; ++i) many += fmt::format("{:08x}:{}|", i, 4'000'000'000U);
  (void)trace({{"x-amzn-trace-id", many}});
  EXPECT_LE(lineage_.size(), 16U * 12);
  EXPECT_EQ(rounds(frame, 0, function_), 0U);
  (void)trace({});
  const std::string name = lineage_.substr(0, 8);
  for (const std::string& bad :
       std::vector<std::string>{"", "|||", "zz:1", name + ":", name + ":x", name + ":-1",
                                name + ":99999999999", name + "0:1", ":" + name})
    EXPECT_EQ(
        (with({{"x-amzn-trace-id", "Root=1-0af76519-16cd43dd8448eb211c80319c;Lineage=" + bad}}),
         rounds(frame, 0, function_)),
        0U)
        << bad;
}

}  // namespace
}  // namespace pelton::worker::lambda
