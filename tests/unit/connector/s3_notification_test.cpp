// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/connector/s3_fixture.h"

namespace pelton::s3 {
namespace {

using connector::Settlement;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

std::string notification(const std::string& key, const std::string& bucket = "bucket") {
  return fmt::format(
      R"({{"Records":[{{"eventName":"x","s3":{{"bucket":{{"name":"{}"}},"object":{{"key":"{}"}}}}}}]}})",
      bucket, key);
}

class S3NotificationTest : public S3SourceTest {
 protected:
  // The listing is far away.
  void start_and_list() {
    start();
    while (!listed()) read_once();
    options_.poll = 1h;
    start();
    while (!listed()) read_once();
    read_once();
  }
  bool listed() const {
    const auto all = server_.requests();
    return std::ranges::count_if(all, [](const std::string& request) {
             return request.contains("list-type") && !request.contains("max-keys");
           }) > 0;
  }
  std::vector<std::string> read_once() {
    std::vector<std::string> all;
    model::BatchBuilder into;
    const auto read = source_->read(into, 100, 1U << 20, steady_clock::now() + 200ms);
    EXPECT_TRUE(read) << read.error().text();
    if (!read || into.empty()) return all;
    batch_ = into.finish();
    note(all);
    EXPECT_TRUE(ledger_.put(read->position));
    EXPECT_TRUE(source_->settle(read->token, Settlement::done));
    return all;
  }
};

TEST_F(S3NotificationTest, ANotificationMakesTheEventThatTheListingWouldMakeOnce) {
  start_and_list();
  server_.put("in/a b", "1");
  ASSERT_TRUE(notices_->put(notification("in/a+b")));
  ASSERT_TRUE(notices_->put(notification("in/a%20b")));
  EXPECT_THAT(read_once(), ElementsAre("put in/a b"));
  ASSERT_TRUE(notices_->put(notification("in/a+b")));
  EXPECT_THAT(read_once(), IsEmpty());
  server_.remove("in/a b");
  ASSERT_TRUE(notices_->put(notification("in/a+b")));
  EXPECT_THAT(read_once(), ElementsAre("removed in/a b"));
  options_.poll = 1ms;
  start();
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(S3NotificationTest, OthersBucketsAndPrefixesAreNotLookedAt) {
  options_.prefix = "in/";
  start_and_list();
  for (const char* key : {"in/a", "out/a"}) server_.put(key, "1");
  ASSERT_TRUE(notices_->put(notification("out/a")));
  ASSERT_TRUE(notices_->put(notification("in/a", "other")));
  const auto before = server_.requests().size();
  EXPECT_THAT(read_once(), IsEmpty());
  EXPECT_EQ(server_.requests().size(), before);
}

TEST_F(S3NotificationTest, WhatIsNoNotificationIsAWarning) {
  start_and_list();
  EXPECT_THAT(source_->take_warnings(), IsEmpty());
  for (const char* text : {"", "{}", "[1]", R"({"Records":[{}]})", R"({"Records":7})"})
    ASSERT_TRUE(notices_->put(text));
  ASSERT_TRUE(notices_->put(R"({"Service":"Amazon S3","Event":"s3:TestEvent"})"));
  EXPECT_THAT(read_once(), IsEmpty());
  EXPECT_THAT(source_->take_warnings(), ElementsAre(HasSubstr("5 requests")));
}

TEST(S3Survey, WhatANotificationHasSettledIsNotCompared) {
  test::MemoryLedger memory;
  ObjectLedger ledger(memory, "bucket");
  ASSERT_TRUE(ledger.open());
  ASSERT_TRUE(ledger.mark({{"new", Known{"e", 1, 1}}, {"old", Known{"e", 1, 1}}}));
  Survey survey(ledger, "");
  // Both have happened after the listing: `new` came, `gone` went.
  survey.leave_out("new");
  survey.leave_out("gone");
  const auto found = survey.compare({{"gone", "e", 1, {}}}, true);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
  EXPECT_THAT(survey.take_removed(), ElementsAre("old"));
}

}  // namespace
}  // namespace pelton::s3
