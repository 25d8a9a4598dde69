// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/import/fixture.h"

namespace pelton::importer {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using EventsTest = ImportTest;

TEST_F(EventsTest, HttpBecomesRoutesOfARestApi) {
  const std::string text = with_function(R"(    events:
      - http: GET users/{id}
      - http: { method: post, path: /users/, cors: true }
      - http:
          method: any
          path: files/{proxy+}
          private: true
          cors: { origin: https://a.example, headers: [X-A], allowCredentials: true, maxAge: 60 }
)");
  EXPECT_EQ(section(text, "routes"), R"(  f:
    method: GET
    path: "/users/{id}"
    event: apigateway/v1
    function: f
  f-2:
    method: POST
    path: "/users"
    event: apigateway/v1
    cors: {}
    function: f
  f-3:
    path: "/files/{proxy+}"
    event: apigateway/v1
    cors: {origins: ["https://a.example"], headers: ["X-A"], credentials: true, max_age: 60s}
    function: f
)");
  EXPECT_THAT(text, HasSubstr("E1107 `private` of an http event"));
  EXPECT_EQ(section(text, "listeners"), "  web:\n    address: \"127.0.0.1:3000\"\n");
}

TEST_F(EventsTest, HttpApiBecomesRoutesOfAnHttpApi) {
  const std::string text =
      with_function("    events: [{ httpApi: '*' }, { httpApi: 'PUT /a/{id}' }]\n");
  EXPECT_EQ(section(text, "routes"), R"(  f:
    path: "/"
    event: apigateway/v2
    function: f
  f-2:
    path: "/{proxy+}"
    event: apigateway/v2
    function: f
  f-3:
    method: PUT
    path: "/a/{id}"
    event: apigateway/v2
    function: f
)");
}

TEST_F(EventsTest, SchedulesAreThoseOfEventBridge) {
  const std::string text = with_function(R"text(    maximumRetryAttempts: 0
    events:
      - schedule: rate(5 minutes)
      - schedule: { rate: [rate(1 hour), 'cron(0 12 * * ? *)'], input: { a: '${sls:stage}' } }
      - schedule: { rate: rate(1 day), enabled: false }
)text");
  EXPECT_EQ(section(text, "connectors"), R"text(  f-schedule:
    schedule: {aws: "rate(5 minutes)", missed: skip, document: eventbridge}
    to: f-schedule
  f-schedule-2:
    schedule: {aws: "rate(1 hour)", missed: skip, data: {a: dev}}
    to: f-schedule-2
  f-schedule-3:
    schedule: {aws: "cron(0 12 * * ? *)", missed: skip, data: {a: dev}}
    to: f-schedule-3
)text");
  EXPECT_THAT(section(text, "bindings"),
              HasSubstr("retry: {attempts: 1, backoff: {first: 1m, factor: 2}}"));
}

TEST_F(EventsTest, BucketsAreListed) {
  options_.services["s3"] = "http://127.0.0.1:9000";
  const std::string text = with_function(R"(    events:
      - s3:
          bucket: pictures
          event: s3:ObjectCreated:Put
          rules: [{ prefix: in/ }, { suffix: .png }]
          existing: true
      - s3: other
)");
  const std::string connectors = section(text, "connectors");
  EXPECT_THAT(connectors, HasSubstr("bucket: \"pictures\", prefix: \"in/\", suffix: \".png\", "
                                    "events: [\"s3:ObjectCreated:Put\"], start: latest"));
  EXPECT_THAT(connectors, HasSubstr("endpoint: \"http://127.0.0.1:9000\""));
  EXPECT_THAT(text, HasSubstr("E1106 not created here: the bucket other"));
  EXPECT_THAT(text, Not(HasSubstr("not created here: the bucket pictures")));
  EXPECT_THAT(section(text, "bindings"), HasSubstr("event: s3\n    order: none"));
}

TEST_F(EventsTest, QueuesAndStreamsBecomeStreamsOfTheEngine) {
  const std::string text = with_function(R"(    events:
      - sqs: arn:aws:sqs:eu-west-1:1:jobs
      - sqs: { arn: 'arn:aws:sqs:eu-west-1:1:Orders.fifo', batchSize: 5, maximumBatchingWindow: 2 }
      - stream: arn:aws:kinesis:eu-west-1:1:stream/clicks
      - stream:
          type: dynamodb
          arn: arn:aws:dynamodb:eu-west-1:1:table/users/stream/2020-01-01T00:00:00.000
          batchSize: 20
          startingPosition: LATEST
          maximumRetryAttempts: 2
  g:
    handler: index.other
    events: [{ sqs: arn:aws:sqs:eu-west-1:1:jobs }]
)");
  EXPECT_EQ(section(text, "streams"),
            "  jobs:\n    retention: 7d\n  orders.fifo:\n    retention: 7d\n"
            "  clicks:\n    retention: 7d\n  users:\n    retention: 7d\n");
  const std::string bindings = section(text, "bindings");
  EXPECT_THAT(bindings, HasSubstr("event: sqs\n    order: none\n    batch: {events: 10}"));
  EXPECT_THAT(bindings, HasSubstr("order: key\n    batch: {events: 5, wait: 2s}"));
  EXPECT_THAT(bindings,
              HasSubstr("event: kinesis\n    order: partition\n    batch: {events: 100}"));
  EXPECT_THAT(bindings,
              HasSubstr("start: latest\n    batch: {events: 20}\n    retry: {attempts: 3}"));
  EXPECT_THAT(bindings, HasSubstr("  g-jobs:\n    from: jobs\n    function: g"));
}

TEST_F(EventsTest, TopicsAreTopics) {
  const std::string text = with_function(R"(    events:
      - kafka:
          bootstrapServers: [a:9092, b:9092]
          topic: Orders
          consumerGroupId: billing
          batchSize: 7
          startingPosition: LATEST
)");
  EXPECT_EQ(section(text, "streams"),
            "  orders:\n    kafka: {brokers: [\"a:9092\", \"b:9092\"], topic: \"Orders\"}\n");
  EXPECT_THAT(
      section(text, "bindings"),
      HasSubstr("event: kafka\n    group: \"billing\"\n    start: latest\n    batch: {events: 7}"));
}

TEST_F(EventsTest, BadOnesAreErrorsAtTheirPlace) {
  const std::string text = with_function(R"(    events:
      - htp: GET x
      - http:
        path: users
      - s3: { event: x }
      - stream: arn:aws:s3:::b
      - sns: topic
      - httpApi: { pth: / }
)");
  EXPECT_THAT(text, HasSubstr("7 E1005 unknown key \"htp\" in an event (did you mean \"http\"?)"));
  EXPECT_THAT(text, HasSubstr("8 E1007 an event is a mapping with one key"));
  EXPECT_THAT(text, HasSubstr("10 E1006 \"bucket\" is missing in an s3 event"));
  EXPECT_THAT(text, HasSubstr("11 E1008 a stream event is of type kinesis or dynamodb"));
  EXPECT_THAT(text, HasSubstr("12 E1107 `sns` of an event is not available here"));
  EXPECT_THAT(
      text, HasSubstr("13 E1005 unknown key \"pth\" in an httpApi event (did you mean \"path\"?)"));
}

}  // namespace
}  // namespace pelton::importer
