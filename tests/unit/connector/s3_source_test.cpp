// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/connector/s3_fixture.h"

namespace pelton::s3 {
namespace {

using connector::Settlement;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

TEST_F(S3SourceTest, EachVersionAndEachRemovalIsOneEvent) {
  server_.put("a", "1");
  server_.put("b", "1");
  start();
  EXPECT_THAT(take(), ElementsAre("put a", "put b"));
  EXPECT_THAT(take(), IsEmpty());
  server_.put("b", "22", "2026-11-29T10:00:01.000Z");
  server_.put("c", "1");
  server_.remove("a");
  EXPECT_THAT(take(), UnorderedElementsAre("put b", "put c", "removed a"));
  EXPECT_THAT(take(), IsEmpty());
  // The same content as before, within the second: another version all the same.
  server_.put("a", "1");
  EXPECT_THAT(take(), ElementsAre("put a"));
}

TEST_F(S3SourceTest, TheEventIsS3sNotification) {
  server_.put("in/ä b+c.jpg", "12345", "2026-11-29T10:00:07.000Z");
  options_.at.region = "eu-central-1";
  start();
  ASSERT_EQ(take().size(), 1U);
  EXPECT_EQ(batch_->type(0), "com.amazonaws.s3.ObjectCreated:Put");
  EXPECT_EQ(batch_->source(0), "aws:s3.eu-central-1.bucket");
  EXPECT_EQ(batch_->subject(0), "in/ä b+c.jpg");
  EXPECT_EQ(batch_->content_type(0), "application/json");
  const std::string id(batch_->id(0));
  std::string request = id.substr(0, 16);
  for (char& c : request) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(
      batch_->data(0),
      R"({"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-central-1",)"
      R"("eventTime":"2026-11-29T10:00:07.000Z","eventName":"ObjectCreated:Put",)"
      R"("userIdentity":{"principalId":"pelton"},"requestParameters":{"sourceIPAddress":)"
      R"("127.0.0.1"},"responseElements":{"x-amz-request-id":")" +
          request + R"(","x-amz-id-2":")" + id +
          R"("},"s3":{"s3SchemaVersion":"1.0","configurationId":"photos","bucket":{"name":"bucket",)"
          R"("ownerIdentity":{"principalId":"pelton"},"arn":"arn:aws:s3:::bucket"},"object":)"
          R"({"key":"in/%C3%A4+b%2Bc.jpg","size":5,"eTag":"827ccb0eea8a706c4c34a16891f84e7b",)"
          R"("sequencer":"006B0BF7A700000000"}}}]})");
}

TEST_F(S3SourceTest, SequencersOfAKeyRise) {
  start();
  std::string last;
  for (int round = 0; round < 4; ++round) {
    round % 2 == 0 ? server_.put("k", "same") : server_.remove("k");
    ASSERT_EQ(take().size(), 1U);
    const std::string data(batch_->data(0));
    const std::string now = data.substr(data.find("sequencer"), 32);
    EXPECT_GT(now, last);
    last = now;
  }
}

TEST_F(S3SourceTest, AListingInPagesIsComparedAsAWhole) {
  server_.set_page_size(3);
  for (char c = 'a'; c <= 'z'; ++c) server_.put(std::string(1, c), "1");
  start();
  EXPECT_EQ(take().size(), 26U);
  for (const char* key : {"a", "d", "e", "f", "z"}) server_.remove(key);
  server_.put("dd", "1");
  EXPECT_THAT(take(), UnorderedElementsAre("put dd", "removed a", "removed d", "removed e",
                                           "removed f", "removed z"));
}

// SeaweedFS goes through its folders one by one.
TEST_F(S3SourceTest, ListingsInAnotherOrderRemoveNothing) {
  server_.set_page_size(2);
  server_.set_order([](const std::string& a, const std::string& b) {
    return std::ranges::lexicographical_compare(
        a, b, [](char x, char y) { return (x == '/' ? 0 : x) < (y == '/' ? 0 : y); });
  });
  for (const char* key : {"a-b", "a/x", "a/y", "a.c", "b"}) server_.put(key, "1");
  start();
  EXPECT_EQ(take().size(), 5U);
  EXPECT_THAT(take(), IsEmpty());
  server_.remove("a-b");
  server_.put("a/x", "2");
  EXPECT_THAT(take(), UnorderedElementsAre("put a/x", "removed a-b"));
}

TEST_F(S3SourceTest, ARestartRepeatsNothingThatIsStored) {
  server_.put("a", "1");
  server_.put("b", "1");
  start();
  EXPECT_EQ(take().size(), 2U);
  server_.put("b", "2");
  server_.remove("a");
  start();
  EXPECT_THAT(take(), UnorderedElementsAre("put b", "removed a"));
}

TEST_F(S3SourceTest, WhatWasNotStoredComesAgain) {
  server_.put("a", "1");
  start();
  EXPECT_EQ(take(Settlement::retry_later).size(), 1U);
  ids_.clear();
  EXPECT_THAT(take(), ElementsAre("put a"));
}

TEST_F(S3SourceTest, WhatIsOnItsWayIsNotReadAgain) {
  server_.put("a", "1");
  start();
  const auto until = steady_clock::now() + 10s;
  model::BatchBuilder into;
  std::optional<connector::Read> first;
  while (into.empty() && steady_clock::now() < until) {
    auto read = source_->read(into, 100, 1U << 20, steady_clock::now() + 20ms);
    ASSERT_TRUE(read);
    first = std::move(*read);
  }
  into.clear();
  EXPECT_THAT(take(), IsEmpty());
  ASSERT_TRUE(ledger_.put(first->position));
  ASSERT_TRUE(source_->settle(first->token, Settlement::done));
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(S3SourceTest, AFailureOfTheLedgerLosesNothing) {
  options_.suffix = {".jpg"};
  server_.put("a.txt", "1");
  server_.put("b.jpg", "1");
  start();
  ledger_.fail_puts = 1;
  model::BatchBuilder into;
  bool failed = false;
  const auto until = steady_clock::now() + 10s;
  while (!failed && steady_clock::now() < until)
    failed = !source_->read(into, 100, 1U << 20, steady_clock::now() + 20ms);
  ASSERT_TRUE(failed);
  // Without another connect, as the host does where the error may pass.
  EXPECT_THAT(take(), ElementsAre("put b.jpg"));
}

TEST_F(S3SourceTest, PrefixSuffixAndEventsSayWhatIsMeant) {
  options_.prefix = "in/";
  options_.suffix = {".jpg", ".png"};
  options_.events = {"s3:ObjectRemoved:*"};
  for (const char* key : {"in/a.jpg", "in/b.txt", "out/c.jpg"}) server_.put(key, "1");
  start();
  EXPECT_THAT(take(), IsEmpty());
  for (const char* key : {"in/a.jpg", "in/b.txt", "out/c.jpg"}) server_.remove(key);
  EXPECT_THAT(take(), ElementsAre("removed in/a.jpg"));
}

TEST_F(S3SourceTest, StartLatestPassesOverWhatIsThere) {
  options_.start = Start::latest;
  server_.put("old", "1");
  start();
  EXPECT_THAT(take(), IsEmpty());
  server_.put("new", "1");
  EXPECT_THAT(take(), ElementsAre("put new"));
  server_.put("while away", "1");
  start();
  EXPECT_THAT(take(), ElementsAre("put while away"));
}

TEST_F(S3SourceTest, DataObjectGivesTheObjectsThemselves) {
  options_.data = Data::object;
  options_.inline_limit = 5;
  server_.put("a", "12345");
  server_.put("large", "123456");
  start();
  std::map<std::string, std::string> data;
  const auto until = steady_clock::now() + 10s;
  while (data.size() < 2 && steady_clock::now() < until) {
    model::BatchBuilder into;
    const auto read = source_->read(into, 100, 1U << 20, steady_clock::now() + 20ms);
    ASSERT_TRUE(read) << read.error().text();
    if (into.empty()) continue;
    batch_ = into.finish();
    for (std::size_t i = 0; i < batch_->size(); ++i)
      data[std::string(batch_->key(i))] =
          batch_->has_data(i) ? std::string(batch_->data(i)) : "none";
    ASSERT_TRUE(ledger_.put(read->position));
    ASSERT_TRUE(source_->settle(read->token, Settlement::done));
  }
  EXPECT_THAT(data, ElementsAre(Pair("a", "12345"), Pair("large", "none")));
  std::string_view size;
  ASSERT_TRUE(batch_->find_header(batch_->size() - 1, "size", size));
  EXPECT_EQ(size, "6");
}

TEST_F(S3SourceTest, AServerThatIsBusyIsAskedAgain) {
  server_.put("a", "1");
  start();
  server_.fail_next(503, "SlowDown");
  EXPECT_THAT(take(), ElementsAre("put a"));
}

TEST_F(S3SourceTest, WhatStopsAListingIsNamedAtTheNextConnect) {
  start();
  server_.fail_next(404, "NoSuchBucket", 1);
  Result<connector::Read> read = connector::Read(0);
  const auto until = steady_clock::now() + 10s;
  model::BatchBuilder into;
  while (read && steady_clock::now() < until)
    read = source_->read(into, 100, 1U << 20, steady_clock::now() + 20ms);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(read.error().code, "E7203");
}

struct Refused {
  int status;
  const char* code;
  ErrorKind kind;
  const char* page;
};
class S3Refusals : public S3SourceTest, public testing::WithParamInterface<Refused> {};

TEST_P(S3Refusals, ConnectSaysWhatIsWrong) {
  server_.fail_next(GetParam().status, GetParam().code, 10);
  S3Source source(options_, ledger_, notices_, no_environment, clock_);
  const Status connected = source.connect();
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().kind, GetParam().kind) << connected.error().text();
  EXPECT_EQ(connected.error().code, GetParam().page) << connected.error().text();
}

INSTANTIATE_TEST_SUITE_P(
    All, S3Refusals,
    testing::Values(Refused{404, "NoSuchBucket", ErrorKind::invalid, "E7203"},
                    Refused{403, "InvalidAccessKeyId", ErrorKind::invalid, "E7202"},
                    Refused{403, "SignatureDoesNotMatch", ErrorKind::invalid, "E7202"},
                    Refused{400, "ExpiredToken", ErrorKind::invalid, "E7202"},
                    Refused{403, "AccessDenied", ErrorKind::invalid, "E7204"},
                    Refused{301, "PermanentRedirect", ErrorKind::invalid, "E7206"},
                    Refused{400, "InvalidArgument", ErrorKind::invalid, "E7207"},
                    Refused{500, "InternalError", ErrorKind::unavailable, "E7205"},
                    Refused{503, "SlowDown", ErrorKind::unavailable, "E7205"}));

TEST_F(S3SourceTest, WithoutCredentialsItSaysWhereTheyAreLookedFor) {
  options_.at.access_key.clear();
  S3Source source(options_, ledger_, notices_, no_environment, clock_);
  const Status connected = source.connect();
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, "E7202");
  EXPECT_THAT(connected.error().message, HasSubstr("AWS_ACCESS_KEY_ID"));
}

TEST_F(S3SourceTest, AServerThatIsAwayIsUnavailable) {
  server_.set_down(true);
  S3Source source(options_, ledger_, notices_, no_environment, clock_);
  const Status connected = source.connect();
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(connected.error().code, "E7201");
}

}  // namespace
}  // namespace pelton::s3
