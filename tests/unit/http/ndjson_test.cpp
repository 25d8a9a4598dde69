// SPDX-License-Identifier: Apache-2.0
#include "engine/http/ndjson.h"

#include <gtest/gtest.h>

#include <random>

namespace pelton::http {
namespace {

constexpr WallTime kNow{std::chrono::seconds(1)};

std::string round_trip(const std::string& line) {
  model::BatchBuilder builder;
  const auto ok = parse_event(line, kNow, builder);
  EXPECT_TRUE(ok) << ok.error().message;
  return ok ? event_line("s", {{StreamId{1}, PartitionId{2}}, 7, builder.finish()}, 0) : "";
}

std::string refused(const std::string& lines) {
  model::BatchBuilder builder;
  const auto ok = parse_events(lines, kNow, builder);
  return ok ? "" : ok.error().message;
}

TEST(Ndjson, AnEventComesBack) {
  const std::string line = round_trip(
      R"({"key":"k","data":{"a":[1,2.5]},"type":"t","headers":{"h":"1"},"time":"2026-01-01T00:00:00Z"})");
  EXPECT_EQ(
      line,
      R"({"partition":2,"offset":7,"id":"s/2/7","time":"2026-01-01T00:00:00Z","key":"k","type":"t",)"
      R"("content_type":"application/json","headers":[["h","1"]],"data":{"a":[1,2.5E0]}})"
      "\n");
}

TEST(Ndjson, TextBytesAndTombstones) {
  EXPECT_NE(round_trip(R"({"data":"text"})").find(R"("data":"text")"), std::string::npos);
  EXPECT_NE(round_trip(R"({"data_base64":"/wAB"})").find(R"("data_base64":"/wAB")"),
            std::string::npos);
  EXPECT_NE(round_trip(R"({"data":null})").find(R"("data":null)"), std::string::npos);
  EXPECT_NE(round_trip(R"({"key_base64":"/w=="})").find(R"("key_base64":"/w==")"),
            std::string::npos);
  EXPECT_NE(round_trip(R"({"data":"a","id":"mine"})").find(R"("id":"mine")"), std::string::npos);
}

TEST(Ndjson, ProblemsNameTheirLine) {
  EXPECT_NE(refused("{\"data\":1}\n\n{\"data\":").find("line 3"), std::string::npos);
  EXPECT_NE(refused("[1]").find("an event is a JSON object"), std::string::npos);
  EXPECT_NE(refused(R"({"dta":1})").find("dta"), std::string::npos);
  EXPECT_NE(refused(R"({"data_base64":"%%%"})").find("not base64"), std::string::npos);
  EXPECT_NE(refused(R"({"time":"now"})").find("time"), std::string::npos);
  EXPECT_NE(refused(R"({"headers":{"a":1}})").find("header"), std::string::npos);
  EXPECT_NE(refused(R"({"key":5})").find("key"), std::string::npos);
}

TEST(Ndjson, DepthIsBounded) {
  EXPECT_NE(refused("{\"data\":" + std::string(100'000, '[') + "}"), "");
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

}  // namespace
}  // namespace pelton::http
