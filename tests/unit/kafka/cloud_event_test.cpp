// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/record.h"

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

}  // namespace
}  // namespace pelton::kafka
