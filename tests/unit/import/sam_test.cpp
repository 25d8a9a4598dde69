// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/import/fixture.h"

namespace pelton::importer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using SamTest = ImportTest;

constexpr const char* kTemplate = R"(AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Parameters:
  Level: { Type: String, Default: info }
Globals:
  Function:
    Runtime: python3.12
    Timeout: 10
    Environment: { Variables: { LEVEL: !Ref Level } }
Resources:
  Api:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.handler
      MemorySize: 256
      Environment: { Variables: { QUEUE: !Ref Jobs, TABLE: !GetAtt Users.Arn } }
      Events:
        Users: { Type: Api, Properties: { Path: '/users/{id}', Method: get } }
        All: { Type: HttpApi }
        Jobs: { Type: SQS, Properties: { Queue: !GetAtt Jobs.Arn, BatchSize: 3 } }
        Nightly: { Type: Schedule, Properties: { Schedule: rate(1 day), Input: '{"a":1}' } }
        Pictures:
          Type: S3
          Properties:
            Bucket: !Ref Pictures
            Events: s3:ObjectCreated:*
            Filter: { S3Key: { Rules: [{ Name: suffix, Value: .png }] } }
  Jobs: { Type: AWS::SQS::Queue, Properties: { QueueName: jobs } }
  Pictures: { Type: AWS::S3::Bucket }
  Users: { Type: AWS::DynamoDB::Table, Properties: { TableName: users } }
)";

TEST_F(SamTest, FunctionsAreTracedAndFindTheServicesOfTheCommandLine) {
  options_.services["dynamodb"] = "http://127.0.0.1:8000";
  const Converted converted = convert_text(R"(Transform: AWS::Serverless-2016-10-31
Globals: { Function: { Runtime: python3.12, Handler: app.handler, CodeUri: ., Tracing: Active } }
Resources:
  On: { Type: AWS::Serverless::Function, Properties: {} }
  Off: { Type: AWS::Serverless::Function, Properties: { Tracing: PassThrough } }
)",
                                           "template.yaml");
  EXPECT_THAT(problems(converted), ElementsAre());
  EXPECT_EQ(section(converted.text, "services"),
            "  endpoints:\n    dynamodb: \"http://127.0.0.1:8000\"\n");
  const std::string functions = section(converted.text, "functions");
  const auto off = functions.find("  off:\n");
  ASSERT_NE(off, std::string::npos) << converted.text;
  EXPECT_LT(functions.find("AWS_XRAY_DAEMON_ADDRESS"), off);
  EXPECT_EQ(functions.find("AWS_XRAY_DAEMON_ADDRESS", off), std::string::npos);
}

TEST_F(SamTest, TemplatesAreServices) {
  const Converted converted = convert_text(kTemplate, "template.yaml");
  EXPECT_THAT(problems(converted),
              ElementsAre("29 E1106 not created here: Jobs jobs (AWS::SQS::Queue)",
                          "30 E1106 not created here: Pictures sam-app-pictures (AWS::S3::Bucket)",
                          "31 E1106 not created here: Users users (AWS::DynamoDB::Table)"));
  EXPECT_EQ(section(converted.text, "functions"), R"(  api:
    runtime: lambda/python
    code: "src/"
    handler: "app.handler"
    timeout: 10s
    memory: 256MiB
    scale: 4
    environment:
      LEVEL: "info"
      QUEUE: "https://sqs.us-east-1.amazonaws.com/000000000000/jobs"
      TABLE: "arn:aws:dynamodb:us-east-1:000000000000:table/users"
      AWS_REGION: "us-east-1"
)");
  EXPECT_THAT(section(converted.text, "routes"),
              HasSubstr("method: GET\n    path: \"/users/{id}\"\n    event: apigateway/v1"));
  EXPECT_THAT(converted.text, HasSubstr("{bucket: \"sam-app-pictures\", suffix: \".png\""));
  EXPECT_THAT(converted.text, HasSubstr("batch: {events: 3}"));
  EXPECT_THAT(converted.text, HasSubstr(R"(data: "{\"a\":1}")"));
}

TEST_F(SamTest, UnknownPropertiesAreErrors) {
  EXPECT_THAT(
      problems(convert_text(R"(Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: { Runtime: nodejs22.x, Handlr: a.b, Layers: [x] }
)",
                            "template.yml")),
      ElementsAre("3 E1108 the function F is left out: it has no handler",
                  "5 E1005 unknown key \"Handlr\" in Properties (did you mean \"Handler\"?)",
                  "5 E1107 `Layers` of Properties is not available here and is ignored"));
  EXPECT_THAT(problems(convert_text("Transform: AWS::Serverless-2016-10-31\n", "t.yaml")),
              ElementsAre("1 E1006 \"Resources\" is missing"));
}

// Routes would be open, and nobody would know.
TEST_F(SamTest, WhatAnApiAddsToItsRoutesIsTold) {
  EXPECT_THAT(
      problems(convert_text(R"(Transform: AWS::Serverless-2016-10-31
Globals:
  Api: { Auth: { ApiKeyRequired: true } }
Resources:
  Gate:
    Type: AWS::Serverless::Api
    Properties: { StageName: prod, Auth: { ApiKeyRequired: true } }
)",
                            "template.yml")),
      testing::IsSupersetOf({"3 E1107 `Api` of Globals is not available here and is ignored",
                             "7 E1107 `Auth` of an API is ignored"}));
}

}  // namespace
}  // namespace pelton::importer
