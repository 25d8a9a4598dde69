// SPDX-License-Identifier: Apache-2.0
#include "engine/model/batch_builder.h"
#include "engine/worker/runtimes/lambda/outcome.h"

#include <gtest/gtest.h>

namespace pelton::worker::lambda {
namespace {

// A frame of events with these keys ("-": none), given to the function as one batch whose records
// are called r0, r1, ...
class BatchAnswer : public ::testing::Test {
 protected:
  void events(const std::vector<std::string>& keys) {
    model::BatchBuilder builder;
    records.clear();
    for (const std::string& key : keys) {
      model::EventView event;
      event.has_key = key != "-";
      event.key = key;
      builder.add(event);
      records.push_back("r" + std::to_string(records.size()));
    }
    frame.batch = builder.finish();
    frame.form = &form;
    held.begin(frame);
  }
  // What the answer means for each event: d(one), r(etry), s(kipped); "together": all at once.
  std::string take(const std::string& answer) {
    const auto count = static_cast<std::uint32_t>(frame.batch->size());
    const auto result = batch_result(frame, {0, count}, records, answer, held);
    EXPECT_EQ(result.count, count);
    if (result.together) return "together " + result.not_done.front().type;
    std::string outcomes(count, 'd');
    for (const model::Failure& failure : result.not_done)
      outcomes[failure.index] = failure.code == model::OutcomeCode::skipped ? 's' : 'r';
    return outcomes;
  }
  static std::string report(const std::string& names) {
    std::string items;
    for (const char name : names)
      items += fmt::format(R"({}{{"itemIdentifier":"r{}"}})", items.empty() ? "" : ",", name);
    return R"({"batchItemFailures":[)" + items + "]}";
  }

  model::EventForm form{model::EventShape::sqs, "topic", {}};
  model::Frame frame;
  HeldBack held;
  std::vector<std::string> records;
};

TEST_F(BatchAnswer, OnlyWhatIsReportedComesAgain) {
  events({"a", "b", "c", "d"});
  EXPECT_EQ(take(report("13")), "drdr");
}

TEST_F(BatchAnswer, OfAKeyNothingBehindItsFirstFailureIsDone) {
  events({"a", "a", "b", "a", "-"});
  EXPECT_EQ(take(report("1")), "drdsd");
  frame.order = model::Order::none;
  held.begin(frame);
  EXPECT_EQ(take(report("1")), "drddd");
  frame.order = model::Order::partition;
  held.begin(frame);
  EXPECT_EQ(take(report("1")), "drsss");
}

TEST_F(BatchAnswer, OneThatWaitsIsSkippedThoughItIsReported) {
  events({"a", "a", "a"});
  EXPECT_EQ(take(report("210")), "rss") << "in whatever order";
}

TEST_F(BatchAnswer, TheFirstSequenceNumberIsTheCheckpoint) {
  for (const auto shape : {model::EventShape::kinesis, model::EventShape::dynamodb}) {
    form.shape = shape;
    events({"a", "b", "c", "d"});
    EXPECT_EQ(take(report("31")), "drss");
    EXPECT_TRUE(held.holds(3)) << "in the rest of the frame, too";
  }
}

TEST_F(BatchAnswer, KafkaNamesPartitionAndOffset) {
  form.shape = model::EventShape::kafka;
  frame.partition = PartitionId{2};
  events({"a", "b"});
  records = {"15", "16"};
  const auto answer = [](const char* partition, const char* offset) {
    return fmt::format(
        R"({{"batchItemFailures":[{{"itemIdentifier":{{"partition":"{}","offset":{}}}}}]}})",
        partition, offset);
  };
  EXPECT_EQ(take(answer("topic-2", "16")), "dr");
  for (const auto& wrong :
       {answer("topic-1", "16"), answer("topic-2", "17"), answer("topic-2", "\"16\""), report("0")})
    EXPECT_EQ(take(wrong), "together InvalidBatchResponse") << wrong;
}

TEST_F(BatchAnswer, TheseAreSuccess) {
  events({"a", "b"});
  for (const char* answer :
       {"", " ", "null", "{}", "[]", "\"ok\"", "7", "plain text", R"({"batchItemFailures":[]})",
        R"({"batchItemFailures":null})", R"({"batchItemFailure":[{"itemIdentifier":"r0"}]})"})
    EXPECT_EQ(take(answer), "dd") << answer;
}

TEST_F(BatchAnswer, TheseFailAllOfIt) {
  events({"a", "b"});
  for (const char* items :
       {R"({"itemIdentifier":""})", R"({"itemIdentifier":null})", R"({"itemIdentifier":7})",
        R"({"id":"r0"})", R"("r0")", "null", R"({"itemIdentifier":"r0"},{"itemIdentifier":"r9"})"})
    EXPECT_EQ(take(fmt::format(R"({{"batchItemFailures":[{}]}})", items)),
              "together InvalidBatchResponse")
        << items;
  EXPECT_EQ(take(R"({"batchItemFailures":"r0"})"), "together InvalidBatchResponse");
  EXPECT_EQ(take(R"({"batchItemFailures":[{"itemId)"), "together InvalidBatchResponse")
      << "one that was cut off";
}

TEST(SingleAnswer, IsAnOutputUnlessItIsNull) {
  model::BatchBuilder builder;
  model::EventView event;
  event.has_key = true;
  event.key = "k";
  event.subject = "s";
  event.type = "t";
  builder.add(event);
  model::Frame frame;
  frame.batch = builder.finish();
  const std::string function = "f";
  const Maker maker{function, from_us(5)};
  for (const char* nothing : {"", "null"})
    EXPECT_FALSE(single_result(frame, 0, nothing, "application/json", maker).outputs);
  const auto output = [&](const char* body, const char* type) {
    const auto result = single_result(frame, 0, body, type, maker);
    const model::EventView made = result.outputs->event(0);
    return fmt::format("{} {} {} {} {} {} {}", made.key, made.subject, made.type, made.source,
                       made.time_us, made.content_type, made.data);
  };
  EXPECT_EQ(output("{}", "application/json"), "k s t function/f 5 application/json {}");
  EXPECT_EQ(output("[1]", "application/octet-stream"), "k s t function/f 5 application/json [1]");
  EXPECT_EQ(output("[1", "application/octet-stream"),
            "k s t function/f 5 application/octet-stream [1");
  EXPECT_EQ(output("x", "text/plain"), "k s t function/f 5 text/plain x");
}

}  // namespace
}  // namespace pelton::worker::lambda
