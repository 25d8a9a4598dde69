// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/s3_sink.h"

#include "engine/model/batch_builder.h"
#include "tests/s3/fake_s3.h"

#include <gmock/gmock.h>

namespace pelton::s3 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using namespace std::chrono_literals;

std::optional<std::string> no_environment(const char*) {
  return std::nullopt;
}

class S3SinkTest : public testing::Test {
 protected:
  S3SinkTest() {
    options_.at.bucket = "bucket";
    options_.at.endpoint = server_.url();
    options_.at.access_key = "key";
    options_.at.secret_key = "secret";
    options_.at.retries = {2, 1ms};
  }

  void add(const std::string& subject, std::optional<std::string> data,
           const std::string& key = "") {
    model::EventView event;
    event.subject = subject;
    event.content_type = "text/plain";
    event.key = key;
    event.has_key = !key.empty();
    event.has_data = data.has_value();
    if (data) event.data = *data;
    builder_.add(event);
  }
  // What has failed: "index code".
  Result<std::vector<std::string>> write() {
    S3Sink sink(options_, no_environment, clock_);
    if (auto connected = sink.connect(); !connected) return std::unexpected(connected.error());
    const auto failures = sink.write(*builder_.finish(), {"out", PartitionId{3}, 70});
    if (!failures) return std::unexpected(failures.error());
    std::vector<std::string> out;
    for (const connector::SinkFailure& failure : *failures)
      out.push_back(fmt::format("{} {} {}", failure.index, to_string(failure.error.kind),
                                failure.error.code));
    return out;
  }
  void write_all() {
    const auto failed = write();
    ASSERT_TRUE(failed) << failed.error().text();
    EXPECT_THAT(*failed, IsEmpty());
  }

  test::FakeS3 server_;
  const SystemClock clock_;
  SinkOptions options_;
  model::BatchBuilder builder_;
};

TEST_F(S3SinkTest, AnEventIsAnObjectUnderItsSubject) {
  options_.metadata = {{"made-by", "pelton"}};
  add("a/ä b+c.txt", "one");
  add("", "two");
  write_all();
  EXPECT_EQ(server_.get("a/ä b+c.txt").data, "one");
  EXPECT_THAT(
      server_.get("a/ä b+c.txt").headers,
      ElementsAre(Pair("content-type", "text/plain"), Pair("x-amz-meta-made-by", "pelton")));
  EXPECT_EQ(server_.get("out-3-71").data, "two");
}

TEST_F(S3SinkTest, TheTemplateSaysTheKey) {
  options_.key = "x/{stream}/{partition}/{offset}-{key}.json";
  options_.content_type = "application/json";
  add("s", "{}", "k");
  write_all();
  EXPECT_EQ(server_.get("x/out/3/70-k.json").data, "{}");
  EXPECT_THAT(server_.get("x/out/3/70-k.json").headers,
              ElementsAre(Pair("content-type", "application/json")));
}

TEST_F(S3SinkTest, AnEventWithoutDataDeletesTheObject) {
  server_.put("a", "1");
  add("a", std::nullopt);
  write_all();
  EXPECT_THAT(server_.keys(), IsEmpty());
}

TEST_F(S3SinkTest, KeepKeepsWhatIsThere) {
  options_.if_exists = IfExists::keep;
  server_.put("a", "old");
  add("a", "new");
  add("b", "new");
  add("a", std::nullopt);
  write_all();
  EXPECT_EQ(server_.get("a").data, "old");
  EXPECT_EQ(server_.get("b").data, "new");
}

TEST_F(S3SinkTest, LargeDataGoesInParts) {
  options_.part_size = 1'000;
  const std::string data(2'500, 'x');
  add("large", data);
  add("a part", std::string(1'000, 'y'));
  write_all();
  EXPECT_EQ(server_.get("large").data, data);
  EXPECT_THAT(server_.get("large").etag, HasSubstr("-3"));
  EXPECT_THAT(server_.get("large").headers, ElementsAre(Pair("content-type", "text/plain")));
  EXPECT_EQ(server_.get("a part").data.size(), 1'000U);
}

TEST_F(S3SinkTest, KeysThatCannotBeAreDeadLetters) {
  add("../other", "1");
  add("a/./b", "1");
  add(std::string(1'025, 'k'), "1");
  add(std::string(1'024, 'k'), "1");
  const auto failed = write();
  ASSERT_TRUE(failed);
  EXPECT_THAT(*failed, ElementsAre("0 invalid E7210", "1 invalid E7210", "2 invalid E7210"));
  EXPECT_EQ(server_.keys().size(), 1U);
}

TEST_F(S3SinkTest, AFieldThatAnEventDoesNotHaveMakesADeadLetter) {
  options_.key = "{key}";
  add("s", "1");
  const auto failed = write();
  ASSERT_TRUE(failed);
  EXPECT_THAT(*failed, ElementsAre("0 invalid E7210"));
}

struct Failing {
  int status;
  const char* code;
  const char* result;  // of the event; empty: of the write
  const char* page;
};
class S3SinkFailures : public S3SinkTest, public testing::WithParamInterface<Failing> {};

TEST_P(S3SinkFailures, AreOfTheEventOrOfAll) {
  const Failing& given = GetParam();
  S3Sink sink(options_, no_environment, clock_);
  ASSERT_TRUE(sink.connect());
  server_.fail_next(given.status, given.code, 2);
  add("a", "1", "k");
  add("b", "1", "k");
  const auto failures = sink.write(*builder_.finish(), {"out", PartitionId{0}, 0});
  if (std::string_view(given.result).empty()) {
    ASSERT_FALSE(failures);
    EXPECT_EQ(failures.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(failures.error().code, given.page);
    return;
  }
  ASSERT_TRUE(failures) << failures.error().text();
  ASSERT_EQ(failures->size(), 2U);
  EXPECT_STREQ(to_string((*failures)[0].error.kind), given.result);
  EXPECT_EQ((*failures)[0].error.code, given.page);
  EXPECT_EQ((*failures)[1].error.kind, ErrorKind::overloaded);
}

INSTANTIATE_TEST_SUITE_P(All, S3SinkFailures,
                         testing::Values(Failing{403, "AccessDenied", "unavailable", "E7204"},
                                         Failing{400, "EntityTooLarge", "invalid", "E7207"},
                                         Failing{503, "SlowDown", "", "E7205"},
                                         Failing{403, "InvalidAccessKeyId", "", "E7202"},
                                         Failing{404, "NoSuchBucket", "", "E7203"}));

TEST_F(S3SinkTest, WhoMayNotListMayWrite) {
  server_.fail_next(403, "AccessDenied");
  add("a", "1");
  write_all();
  EXPECT_EQ(server_.get("a").data, "1");
}

}  // namespace
}  // namespace pelton::s3
