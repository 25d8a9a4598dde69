// SPDX-License-Identifier: Apache-2.0
#include "engine/http/ndjson.h"

#include <gtest/gtest.h>

#include <random>

namespace pelton::http {
namespace {

constexpr WallTime kNow{std::chrono::seconds(1)};

std::string line_of(const model::EventView& event) {
  model::BatchBuilder builder;
  builder.add(event);
  return event_line("s", {{StreamId{1}, PartitionId{2}}, 7, builder.finish()}, 0);
}

std::string round_trip(const std::string& line) {
  model::BatchBuilder builder;
  const auto ok = parse_event(line, kNow, builder);
  EXPECT_TRUE(ok) << ok.error().message;
  return ok ? event_line("s", {{StreamId{1}, PartitionId{2}}, 7, builder.finish()}, 0) : "";
}

std::string data_of(const std::string& line) {
  model::BatchBuilder builder;
  EXPECT_TRUE(parse_event(line, kNow, builder)) << line;
  return std::string(builder.finish()->data(0));
}

Status parse_lines(const std::string& text, model::BatchBuilder& builder) {
  EventLines lines(kNow, builder);
  auto ok = lines.add(text);
  return ok ? lines.finish() : ok;
}

std::string refused(const std::string& lines) {
  model::BatchBuilder builder;
  const auto ok = parse_lines(lines, builder);
  EXPECT_TRUE(ok || ok.error().code == "E5003");
  return ok ? "" : ok.error().message;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Ndjson, AnEventComesBack) {
  const std::string line = round_trip(
      R"({"key":"k","data":{"a":[1,2.5]},"type":"t","headers":{"h":"1"},"time":"2026-01-01T00:00:00Z"})");
  EXPECT_EQ(
      line,
      R"({"partition":2,"offset":7,"id":"s/2/7","time":"2026-01-01T00:00:00Z","key":"k","type":"t",)"
      R"("content_type":"application/json","headers":[["h","1"]],"data":{"a":[1,2.5]}})"
      "\n");
  EXPECT_EQ(round_trip(line.substr(0, line.size() - 1)), line) << "what came out goes in again";
}

TEST(Ndjson, NumbersStayAsTheyWereWritten) {
  const std::string data = R"({"n": 12345678901234567890123.10, "e":1E5, "z": -0.0})";
  EXPECT_EQ(data_of("{\"data\":" + data + "}"), data);
  EXPECT_TRUE(has(round_trip("{\"data\":" + data + "}"), "\"data\":" + data + "}"));
}

TEST(Ndjson, TextBytesAndTombstones) {
  EXPECT_TRUE(has(round_trip(R"({"data":"text"})"), R"("data":"text")"));
  EXPECT_TRUE(has(round_trip(R"({"data_base64":"/wAB"})"), R"("data_base64":"/wAB")"));
  EXPECT_TRUE(has(round_trip(R"({"data":null})"), R"("data":null)"));
  EXPECT_TRUE(has(round_trip(R"({"key_base64":"/w=="})"), R"("key_base64":"/w==")"));
  EXPECT_TRUE(has(round_trip(R"({"data":"a","id":"mine"})"), R"("id":"mine")"));
  EXPECT_TRUE(has(round_trip(R"({"data":"a","key":""})"), R"("key":"")"));
  EXPECT_FALSE(has(round_trip(R"({"data":"a","key":null})"), "\"key\""));
}

TEST(Ndjson, JsonDataIsPutOnOneLine) {
  model::EventView event;
  event.data = "{\n  \"a\": \"x\\ny\"\r\n}";
  event.content_type = "application/cloudevents+json; charset=utf-8";
  const std::string line = line_of(event);
  EXPECT_TRUE(has(line, R"("data":{   "a": "x\ny"  })")) << line;
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(Ndjson, WhatSaysItIsJsonAndIsNotIsText) {
  model::EventView event;
  event.content_type = "application/json";
  for (const char* data : {"{\"a\":", "\"a\"", "null", ""}) {
    event.data = data;
    const std::string line = line_of(event);
    EXPECT_EQ(data_of(line.substr(0, line.size() - 1)), data) << "bytes survive the round trip";
  }
}

TEST(Ndjson, HeadersInBothFormsAndOfAnyBytes) {
  EXPECT_TRUE(has(round_trip(R"({"data":"","headers":{"a":"1","b":{"base64":"/w=="}}})"),
                  R"("headers":[["a","1"],["b",{"base64":"/w=="}]])"));
  EXPECT_TRUE(has(round_trip(R"({"data":"","headers":[["a","1"],["a","2"]]})"),
                  R"("headers":[["a","1"],["a","2"]])"));
}

TEST(Ndjson, ProblemsNameTheirPlace) {
  EXPECT_TRUE(has(refused("{\"data\":1}\n\n{\"data\":"), "line 3: column 9: not JSON"));
  EXPECT_TRUE(has(refused("[1]"), "line 1: column 1: an event is a JSON object"));
  EXPECT_TRUE(has(refused(R"({"data":1,"dta":1})"), "column 11: unknown member \"dta\""));
  EXPECT_TRUE(has(refused(R"({"data_base64":"%%%"})"), "not base64"));
  EXPECT_TRUE(has(refused(R"({"time":"now"})"), "time"));
  EXPECT_TRUE(has(refused(R"({"time":5})"), "must be a text"));
  EXPECT_TRUE(has(refused(R"({"headers":{"a":1}})"), "header"));
  EXPECT_TRUE(has(refused(R"({"headers":[["a"]]})"), "headers"));
  EXPECT_TRUE(has(refused(R"({"headers":"a"})"), "headers"));
  EXPECT_TRUE(has(refused(R"({"key":5})"), "key"));
  EXPECT_TRUE(has(refused(R"({"data":1,"data":2})"), "twice"));
  EXPECT_TRUE(has(refused(R"({"data":1,"data_base64":"AA=="})"), "exclude each other"));
  EXPECT_TRUE(has(refused(R"({"key":"a","key_base64":"AA=="})"), "exclude each other"));
}

TEST(Ndjson, LineEndsOfBothKindsAndNone) {
  model::BatchBuilder builder;
  EXPECT_TRUE(parse_lines("{\"data\":1}\r\n\r\n{\"data\":2}", builder));
  EXPECT_EQ(builder.size(), 2U);
}

TEST(Ndjson, Base64OfEveryLength) {
  for (std::size_t length = 0; length < 70; ++length) {
    std::string bytes;
    for (std::size_t i = 0; i < length; ++i) bytes += static_cast<char>(i * 37);
    std::string back;
    EXPECT_TRUE(from_base64(to_base64(bytes), back));
    EXPECT_EQ(back, bytes);
    std::string bare = to_base64(bytes);
    while (bare.ends_with('=')) bare.pop_back();
    EXPECT_TRUE(from_base64(bare, back)) << "padding may be left out";
    EXPECT_EQ(back, bytes);
  }
  std::string back;
  for (const char* text : {"A", "A===", "=", "AA=", "AAA==", "AA==AA==", "A A=", "AAAA=", "-_-_"})
    EXPECT_FALSE(from_base64(text, back)) << text;
}

TEST(Ndjson, DepthIsBounded) {
  EXPECT_NE(refused("{\"data\":" + std::string(100'000, '[') + "}"), "");
  const std::string deep = std::string(63, '[') + std::string(63, ']');
  EXPECT_TRUE(has(round_trip("{\"data\":" + deep + "}"), "\"data\":" + deep));
}

TEST(Ndjson, MutationsNeverCrash) {
  const std::string whole =
      R"({"key":"k","data":{"a":[1,2]},"headers":[["h","v"]],"time":"2026-01-01T00:00:00Z"})";
  std::mt19937 random(3);
  for (int round = 0; round < 5000; ++round) {
    std::string line = whole;
    for (int i = 0; i < 3; ++i) line[random() % line.size()] = static_cast<char>(random());
    model::BatchBuilder builder;
    const bool taken = parse_event(line, kNow, builder).has_value();
    EXPECT_EQ(builder.size(), taken ? 1U : 0U);
  }
}

TEST(Ndjson, LinesMayComeInPiecesOfAnySize) {
  const std::string text = "{\"data\":\"one\"}\r\n\n{\"data\":\"two\"}";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    model::BatchBuilder builder;
    EventLines lines(kNow, builder);
    for (std::size_t at = 0; at < text.size(); at += size)
      ASSERT_TRUE(lines.add(text.substr(at, size)));
    ASSERT_TRUE(lines.finish());
    const auto batch = builder.finish();
    ASSERT_EQ(batch->size(), 2U) << size;
    EXPECT_EQ(batch->data(1), "two") << size;
  }
}

TEST(Ndjson, MoreEventsThanAllowedAreRefusedWithTheLine) {
  model::BatchBuilder builder;
  EventLines lines(kNow, builder, 10, 2);
  const auto refused = lines.add("{}\n\n{}\n{}\n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E5011");
  EXPECT_TRUE(has(refused.error().message, "line 13")) << refused.error().message;
  EXPECT_TRUE(has(refused.error().message, "at most 2 events")) << refused.error().message;
}

}  // namespace
}  // namespace pelton::http
