// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/records/cloud_event_writer.h"
#include "engine/kafka/records/record_decoder.h"

#include <gtest/gtest.h>

namespace pelton::kafka {
namespace {

struct StructuredEvent : ::testing::Test {
  bool read(std::string_view json) { return reader.read(json, event); }
  model::EventView event;
  CloudEventReader reader;
};

TEST_F(StructuredEvent, FillsAttributesAndData) {
  event.headers = {{"content-type", "application/cloudevents+json"}, {"trace", "1"}};
  ASSERT_TRUE(read(R"({"specversion":"1.0","id":"i","source":"/s","type":"t","subject":"u",
                      "time":"2026-01-02T03:04:05Z","data":{"a": [1, 2]}})"));
  EXPECT_EQ(event.id, "i");
  EXPECT_EQ(event.source, "/s");
  EXPECT_EQ(event.type, "t");
  EXPECT_EQ(event.subject, "u");
  EXPECT_EQ(event.time_us, 1'767'323'045'000'000);
  EXPECT_EQ(event.data, R"({"a":[1,2]})");
  EXPECT_EQ(event.content_type, "application/json");
  ASSERT_EQ(event.headers.size(), 1U);
  EXPECT_EQ(event.headers[0].name, "trace");
}

TEST_F(StructuredEvent, TakesBytesAndText) {
  ASSERT_TRUE(read(R"({"id":"i","source":"s","type":"t","data_base64":"AAH/"})"));
  EXPECT_EQ(event.data, std::string_view("\0\1\xff", 3));
  ASSERT_TRUE(
      read(R"({"id":"i","source":"s","type":"t","datacontenttype":"text/plain","data":"hi"})"));
  EXPECT_EQ(event.data, "hi");
  ASSERT_TRUE(read(R"({"id":"i","source":"s","type":"t","data":"hi"})"));
  EXPECT_EQ(event.data, "\"hi\"");
}

TEST_F(StructuredEvent, ExtensionsAreHeadersAsInBinaryMode) {
  ASSERT_TRUE(
      read(R"({"id":"i","source":"s","type":"t","partitionkey":"k","count":7,"none":null})"));
  ASSERT_EQ(event.headers.size(), 2U);
  EXPECT_EQ(event.headers[0].name, "ce_partitionkey");
  EXPECT_EQ(event.headers[0].value, "k");
  EXPECT_EQ(event.headers[1].name, "ce_count");
  EXPECT_EQ(event.headers[1].value, "7");
}

TEST_F(StructuredEvent, WithoutDataIsATombstone) {
  ASSERT_TRUE(read(R"({"id":"i","source":"s","type":"t"})"));
  EXPECT_FALSE(event.has_data);
}

TEST_F(StructuredEvent, WhatIsNoneLeavesTheEventAsItIs) {
  for (const char* json :
       {"", "{", "[]", "7", R"({"id":"i","source":"s"})", R"({"id":1,"source":"s","type":"t"})",
        R"({"id":"","source":"s","type":"t"})",
        R"({"id":"i","source":"s","type":"t","data_base64":"*"})"}) {
    event.data = "as it came";
    EXPECT_FALSE(read(json)) << json;
    EXPECT_EQ(event.data, "as it came") << json;
  }
}

// What is written in structured mode is read as it was.
struct WrittenEvent : StructuredEvent {
  void there_and_back() {
    model::BatchBuilder builder;
    builder.add(written);
    const auto batch = builder.finish();
    json = structured_cloud_event(*batch, 0);
    ASSERT_TRUE(read(json)) << json;
    EXPECT_EQ(event.id, written.id);
    EXPECT_EQ(event.source, written.source);
    EXPECT_EQ(event.type, written.type);
    EXPECT_EQ(event.subject, written.subject);
    EXPECT_EQ(event.time_us, written.time_us);
    EXPECT_EQ(event.has_data, written.has_data);
    EXPECT_EQ(event.data, written.data) << json;
    EXPECT_EQ(event.content_type, written.content_type) << json;
  }
  model::EventView written;
  std::string json;

  void SetUp() override {
    written.id = "i\"1\n";
    written.source = "/s";
    written.type = "t";
    written.subject = "u\xc3\xa4";
    written.time_us = 1'767'323'045'123'000;
    written.content_type = "application/json";
    written.data = R"({"a":[1,"x"]})";
  }
};

TEST_F(WrittenEvent, JsonStaysJson) {
  there_and_back();
  EXPECT_NE(json.find(R"("data":{"a":[1,"x"]})"), std::string::npos) << json;
}

TEST_F(WrittenEvent, WhatIsNoJsonIsBytes) {
  for (const std::string_view data :
       {std::string_view("{no json"), std::string_view("\0\xff", 2)}) {
    written.data = data;
    there_and_back();
    EXPECT_NE(json.find("data_base64"), std::string::npos) << json;
  }
}

TEST_F(WrittenEvent, TextIsText) {
  written.content_type = "text/plain";
  written.data = "say \"hi\"";
  there_and_back();
  EXPECT_NE(json.find(R"("data":"say \"hi\"")"), std::string::npos) << json;
}

TEST_F(WrittenEvent, ATombstoneStaysOne) {
  written.has_data = false;
  written.data = {};
  there_and_back();
}

TEST_F(WrittenEvent, HeadersOfExtensionsAreAttributes) {
  written.headers = {{"ce_partitionkey", "k"}, {"trace", "1"}, {"ce_Bad", "x"}};
  there_and_back();
  ASSERT_EQ(event.headers.size(), 1U);
  EXPECT_EQ(event.headers[0].name, "ce_partitionkey");
  EXPECT_EQ(event.headers[0].value, "k");
}

}  // namespace
}  // namespace pelton::kafka
