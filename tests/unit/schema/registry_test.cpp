// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/registry.h"

#include "tests/unit/schema/fake_registry.h"

#include <gmock/gmock.h>

#include <condition_variable>
#include <future>

namespace pelton::schema {
namespace {

using test::FakeRegistry;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr const char* kLong = R"({"schema":"\"long\""})";

class RegistryTest : public testing::Test {
 protected:
  RegistryTest() {
    options_.urls = {server_.url()};
    options_.timeout = 5s;
  }

  // Waits for news until there is an answer that is good enough.
  template <typename What>
  Registry::Answer answer(Registry& registry, const What& what,
                          ErrorKind enough = ErrorKind::invalid) {
    std::mutex mutex;
    std::condition_variable changed;
    int news = 0;
    const auto listener = registry.listen([&] {
      std::lock_guard lock(mutex);
      ++news;
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    for (;;) {
      const int seen = news;
      lock.unlock();
      auto found = registry.find(what);
      lock.lock();
      if (found && (*found || found->error().kind == enough)) return *found;
      EXPECT_TRUE(changed.wait_for(lock, 20s, [&] { return news > seen; }));
    }
  }
  std::size_t asked(const std::string& request) const {
    std::size_t count = 0;
    for (const std::string& each : server_.requests()) count += each.starts_with(request) ? 1 : 0;
    return count;
  }

  FakeRegistry server_;
  RegistryOptions options_;
};

TEST_F(RegistryTest, AsksOnceForAnId) {
  server_.answer("GET /schemas/ids/1", 200, kLong);
  Registry registry(options_);
  const auto schema = answer(registry, 1U);
  ASSERT_TRUE(schema) << schema.error().text();
  EXPECT_EQ((*schema)->format, Format::avro);
  std::string json;
  EXPECT_TRUE((*schema)->codec->decode("\2", json));
  EXPECT_EQ(json, "1");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(registry.find(1U).has_value());
  EXPECT_EQ(asked("GET /schemas/ids/1 "), 1U);
}

TEST_F(RegistryTest, ASchemaThatIsNotThereIsPoison) {
  Registry registry(options_);
  const auto none = answer(registry, 9U);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "E6161");
  EXPECT_THAT(none.error().message, HasSubstr("Schema not found"));
  for (int i = 0; i < 10; ++i) registry.find(9U);
  EXPECT_EQ(asked("GET /schemas/ids/9 "), 1U);
  // fetch() asks again.
  server_.answer("GET /schemas/ids/9", 200, kLong);
  std::promise<bool> fetched;
  registry.run([&] { fetched.set_value(registry.fetch(9).has_value()); });
  EXPECT_TRUE(fetched.get_future().get());
  EXPECT_TRUE(answer(registry, 9U));
}

TEST_F(RegistryTest, ARegistryThatIsAwayIsAskedUntilItAnswers) {
  server_.answer("GET /schemas/ids/1", 200, kLong);
  server_.answer("GET /schemas/ids/2", 200, kLong);
  Registry registry(options_);
  ASSERT_TRUE(answer(registry, 1U));
  for (const int status : {500, 401, 403, 429, 302}) {
    server_.down(status);
    const auto away = answer(registry, 2U, ErrorKind::unavailable);
    ASSERT_FALSE(away) << status;
    EXPECT_EQ(away.error().code, "E6164");
    EXPECT_TRUE(registry.find(1U).has_value()) << "known ids go on";
    EXPECT_TRUE(*registry.find(1U));
  }
  server_.down(0);
  EXPECT_TRUE(answer(registry, 2U));
}

TEST_F(RegistryTest, WhatIsNoRegistryIsAway) {
  server_.answer("GET /schemas/ids/1", 200, "<html>");
  server_.answer("GET /schemas/ids/2", 200, "{}");
  Registry registry(options_);
  EXPECT_THAT(answer(registry, 1U, ErrorKind::unavailable).error().message,
              HasSubstr("is not JSON"));
  EXPECT_THAT(answer(registry, 2U, ErrorKind::unavailable).error().message,
              HasSubstr("has no schema"));
}

TEST_F(RegistryTest, OnlyTheRegistrysOwnWordMakesPoison) {
  Registry registry(options_);
  std::uint32_t id = 0;
  for (const auto& [status, body] : {std::pair{404, "<html>not found"},
                                     {404, R"({"error_code":404,"message":"HTTP 404"})"},
                                     {404, R"({"error_code":"40403"})"},
                                     {404, "[40403]"},
                                     {404, ""},
                                     {409, "{}"},
                                     {422, R"({"error_code":42201,"message":"no"})"},
                                     {410, "{}"}}) {
    server_.answer(fmt::format("GET /schemas/ids/{}", ++id), status, body);
    const auto away = answer(registry, id, ErrorKind::unavailable);
    ASSERT_FALSE(away) << body;
    EXPECT_EQ(away.error().kind, ErrorKind::unavailable) << body;
    EXPECT_EQ(away.error().code, "E6164") << body;
  }
  EXPECT_THAT(answer(registry, 1U, ErrorKind::unavailable).error().message,
              HasSubstr("is the path of the URL right?"));
}

TEST_F(RegistryTest, IdsThatNoClientHasAreNotAskedFor) {
  server_.down(503);
  Registry registry(options_);
  for (const std::uint32_t id : {0x80000000U, 0xffffffffU})
    EXPECT_EQ(answer(registry, id).error().text(), "E6161: ids are at most 2147483647");
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(RegistryTest, ASchemaThatIsTooLargeIsOfNoUse) {
  server_.answer("GET /schemas/ids/1", 200,
                 R"({"schema":"\"long\"        )" + std::string(1U << 20, ' ') + "\"}");
  Registry registry(options_);
  EXPECT_THAT(answer(registry, 1U).error().text(), HasSubstr("E6162: the schema has more than"));
}

TEST_F(RegistryTest, AnotherUrlIsAskedWhenOneIsAwayOrDoesNotKnow) {
  FakeRegistry other;
  other.answer("GET /schemas/ids/1", 200, kLong);
  options_.urls = {"http://127.0.0.1:1", server_.url(), other.url()};
  Registry registry(options_);
  EXPECT_TRUE(answer(registry, 1U));
}

TEST_F(RegistryTest, ReferencesComeBeforeWhatRefersToThem) {
  server_.answer(
      "GET /schemas/ids/1", 200,
      R"({"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"b\",\"type\":\"B\"}]}",
                     "references":[{"name":"B","subject":"b s","version":2}]})");
  server_.answer(
      "GET /subjects/b%20s/versions/2?deleted=true", 200,
      R"({"schema":"{\"type\":\"record\",\"name\":\"B\",\"fields\":[{\"name\":\"c\",\"type\":\"C\"}]}",
                     "references":[{"name":"C","subject":"c","version":1},{"name":"B","subject":"b s","version":2}]})");
  server_.answer("GET /subjects/c/versions/1?deleted=true", 200,
                 R"({"schema":"{\"type\":\"enum\",\"name\":\"C\",\"symbols\":[\"X\"]}"})");
  Registry registry(options_);
  const auto schema = answer(registry, 1U);
  ASSERT_TRUE(schema) << schema.error().text();
  std::string json;
  EXPECT_TRUE((*schema)->codec->decode(std::string(1, '\0'), json));
  EXPECT_EQ(json, R"({"b":{"c":"X"}})");
}

TEST_F(RegistryTest, SchemasThatAreOfNoUseSayWhy) {
  server_.answer("GET /schemas/ids/1", 200, R"({"schema":"x","schemaType":"XML"})");
  server_.answer("GET /schemas/ids/2", 200, R"({"schema":"{}"})");
  Registry registry(options_);
  EXPECT_EQ(answer(registry, 1U).error().text(),
            "E6162: schemas of the type XML are not supported");
  EXPECT_EQ(answer(registry, 2U).error().code, "E6162");
}

TEST_F(RegistryTest, CredentialsAreSent) {
  server_.answer("GET /schemas/ids/1", 200, kLong);
  options_.username = "me";
  options_.password = "secret";
  {
    Registry registry(options_);
    ASSERT_TRUE(answer(registry, 1U));
  }
  EXPECT_THAT(server_.requests().back(), HasSubstr("Authorization: Basic bWU6c2VjcmV0\r\n"));
  options_ = {};
  options_.urls = {server_.url()};
  options_.token = "abc";
  Registry registry(options_);
  ASSERT_TRUE(answer(registry, 1U));
  EXPECT_THAT(server_.requests().back(), HasSubstr("Authorization: Bearer abc\r\n"));
}

TEST_F(RegistryTest, SchemasForOutputsAreLookedUpOrRegistered) {
  const std::string latest = R"({"id":4,"version":1,"schema":"\"long\""})";
  server_.answer("GET /subjects/t-value/versions/latest", 200, latest);
  server_.answer("POST /subjects/t-value", 200, R"({"id":5})");
  server_.answer("POST /subjects/t-value/versions", 200, R"({"id":6})");
  Registry registry(options_);
  Target target;
  target.subject = "t-value";
  target.refresh = 1min;
  EXPECT_EQ((*answer(registry, target))->id, 4U);
  target.source = Source{Format::avro, "\"long\""};
  EXPECT_EQ((*answer(registry, target))->id, 5U);
  target.add = true;
  EXPECT_EQ((*answer(registry, target))->id, 6U);
  EXPECT_THAT(server_.requests().back(), HasSubstr(R"({"schema":"\"long\"","schemaType":"AVRO"})"));
}

TEST_F(RegistryTest, WhatKeepsOutputsFromTheirSchemaIsNotForGood) {
  Registry registry(options_);
  Target latest;
  latest.subject = "new-value";
  latest.refresh = 1min;
  const auto missing = answer(registry, latest, ErrorKind::unavailable);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "E6166");
  EXPECT_THAT(missing.error().message, HasSubstr("subject new-value"));
  server_.answer("POST /subjects/new-value/versions", 409, R"({"message":"incompatible"})");
  Target added = latest;
  added.source = Source{Format::avro, "\"int\"", {}};
  added.add = true;
  EXPECT_THAT(answer(registry, added, ErrorKind::unavailable).error().message,
              HasSubstr("incompatible"));
  server_.answer("GET /subjects/new-value/versions/latest", 200, R"({"id":4,"schema":"\"long\""})");
  EXPECT_TRUE(answer(registry, latest));
}

TEST_F(RegistryTest, ALatestSchemaHoldsWhileNothingIsSaidOfIt) {
  server_.answer("GET /subjects/t-value/versions/latest", 200, R"({"id":4,"schema":"\"long\""})");
  Registry registry(options_);
  Target target;
  target.subject = "t-value";
  target.refresh = 1ms;
  ASSERT_TRUE(answer(registry, target));
  server_.down(503);
  // Asked for again, and again behind that.
  const auto refresh = [&] {
    registry.find(target);
    std::promise<void> passed;
    registry.run([&] { passed.set_value(); });
    passed.get_future().wait();
    return registry.find(target);
  };
  EXPECT_TRUE(*refresh());
  EXPECT_TRUE(*refresh());
  server_.down(0);
  server_.answer("GET /subjects/t-value/versions/latest", 404,
                 R"({"error_code":40401,"message":"Subject not found"})");
  const auto refreshed_until = [&](std::string_view words) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until)
      if (const auto now = refresh();
          now && !*now && now->error().text().find(words) != std::string::npos)
        return now->error().code;
    return std::string("never");
  };
  EXPECT_EQ(refreshed_until("Subject not found"), "E6166");
  // A new version that outputs cannot be checked against.
  server_.answer("GET /subjects/t-value/versions/latest", 200,
                 R"({"id":5,"schema":"{\"pattern\":\"(?=a)\"}","schemaType":"JSON"})");
  EXPECT_EQ(refreshed_until("the pattern \"(?=a)\" is not supported"), "E6166");
}

TEST_F(RegistryTest, SchemasAreKeptWhileThereIsMemory) {
  std::string text = R"(syntax = \"proto3\";)";
  for (int i = 0; i < 5'000; ++i) text += fmt::format(" message M{} {{ int32 a = 1; }}", i);
  Registry registry(options_);
  for (std::uint32_t id = 1; id <= 20; ++id) {
    server_.answer(fmt::format("GET /schemas/ids/{}", id), 200,
                   fmt::format(R"({{"schema":"{}","schemaType":"PROTOBUF"}})", text));
    const auto schema = answer(registry, id);
    ASSERT_TRUE(schema) << schema.error().text();
    EXPECT_GT((*schema)->bytes, 4U << 20);
  }
  EXPECT_FALSE(registry.find(1U).has_value()) << "it had to go, and is asked for again";
  EXPECT_TRUE(registry.find(20U).has_value());
}

TEST_F(RegistryTest, OneIsSharedByAllWhoNameIt) {
  Registries registries;
  const auto one = registries.of(options_);
  EXPECT_EQ(one, registries.of(options_));
  options_.token = "other";
  EXPECT_NE(one, registries.of(options_));
}

}  // namespace
}  // namespace pelton::schema
