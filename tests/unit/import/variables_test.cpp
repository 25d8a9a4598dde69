// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/import/fixture.h"

#include <fmt/format.h>

namespace pelton::importer {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using VariablesTest = ImportTest;

TEST_F(VariablesTest, ReferToTheFileItself) {
  const std::string custom = "custom: { a: { b: [x, y] }, n: 5, deep: '${self:custom.a.b.1}' }\n";
  EXPECT_EQ(value("${self:custom.a.b.0}", custom), "x");
  EXPECT_EQ(value("<${self:custom.deep}-${self:custom.n}-${self:service}>", custom), "<y-5-svc>");
  EXPECT_EQ(value("${self:custom.${self:custom.which}}", "custom: { which: n, n: 7 }\n"), "7");
}

TEST_F(VariablesTest, TheStageIsThatOfTheCommandLineOrDev) {
  EXPECT_EQ(value("${self:provider.stage}-${sls:stage}-${opt:stage, 'none'}"), "dev-dev-none");
  options_.stage = "prod";
  EXPECT_EQ(value("${self:provider.stage}-${sls:stage}-${opt:stage}"), "prod-prod-prod");
}

TEST_F(VariablesTest, HaveFallbacks) {
  EXPECT_EQ(value("\"${opt:x, 'a, b'}\""), "a, b");
  EXPECT_EQ(value("${opt:x, self:custom.missing, 3}"), "3");
  EXPECT_EQ(value("${opt:x, ${env:Y, 'z'}}"), "z");
  EXPECT_EQ(value("\"${ssm:/db/url, 'local'}\""), "local");
}

TEST_F(VariablesTest, OfTheEnvironmentStayReferences) {
  variables_["TOKEN"] = "very-secret";
  EXPECT_EQ(value("${env:TOKEN}"), "${env:TOKEN}");
  EXPECT_EQ(value("${env:NOT_YET}"), "${env:NOT_YET}");
  EXPECT_EQ(value("x${env:TOKEN, 'none'}"), "x${env:TOKEN:-none}");
  EXPECT_EQ(value("${self:custom.token}", "custom: { token: '${env:TOKEN}' }\n"), "${env:TOKEN}");
}

TEST_F(VariablesTest, OfTheEnvironmentDecideWhatTheFileSays) {
  variables_["STAGE"] = "blue";
  EXPECT_EQ(value("${self:custom.${env:STAGE}}", "custom: { blue: sky }\n"), "sky");
}

TEST_F(VariablesTest, IncludeFiles) {
  write("more/values.yml", "dev: { table: t1, list: [a, b] }\n");
  write("values.json", R"({"key": {"n": 4}})");
  write("note.txt", "hello\n");
  EXPECT_EQ(value("${file(more/values.yml):${sls:stage}.table}"), "t1");
  EXPECT_EQ(value("${file(./values.json):key.n}"), "4");
  EXPECT_EQ(value("${file(note.txt)}"), "hello");
  EXPECT_THAT(value("${file(other.yml):a}"), HasSubstr("E1040 ${file(other.yml):a} cannot"));
  EXPECT_THAT(value("${file(config.js):a}"), HasSubstr("is a program, which is not run"));
  write("bad.yml", "a: [\n");
  EXPECT_THAT(value("${file(bad.yml):a}"), HasSubstr("bad.yml:"));
}

TEST_F(VariablesTest, OfAwsAndParameters) {
  EXPECT_EQ(value("${aws:accountId}/${aws:region}"), "000000000000/us-east-1");
  EXPECT_THAT(value("${param:url}"), HasSubstr("give it as --param url=VALUE"));
  options_.params["url"] = "http://x";
  EXPECT_EQ(value("${param:url}"), "http://x");
  options_.params.clear();
  EXPECT_EQ(value("${param:url}", "params: { default: { url: a }, dev: { url: b } }\n"), "b");
  EXPECT_EQ(value("${sls:instanceId}").size(), 16U);
}

TEST_F(VariablesTest, WhatIsNoneStaysAsItIs) {
  EXPECT_EQ(value("a $5 ${} ${Name} ${AWS::Region} {x}"), "a $5 $${} $${Name} $${AWS::Region} {x}");
}

TEST_F(VariablesTest, ThatAreMissingAreErrorsAtTheirPlace) {
  EXPECT_THAT(value("${self:custom.x}"),
              StartsWith("6 E1040 ${self:custom.x} cannot be resolved: there is no custom"));
  EXPECT_THAT(value("${ssm:/a/b}"), HasSubstr("ssm:/a/b is not available here"));
  EXPECT_THAT(value("a${self:custom}", "custom: { a: 1 }\n"), HasSubstr("is a mapping and cannot"));
}

TEST_F(VariablesTest, CirclesAreErrors) {
  EXPECT_THAT(
      value("${self:custom.a}", "custom: { a: '${self:custom.b}', b: '${self:custom.a}' }\n"),
      HasSubstr("E1041 a variable refers to itself: ${self:custom.a} -> "));
  EXPECT_THAT(value("${self:custom.a}", "custom: { a: 'x${self:custom.a}' }\n"),
              HasSubstr("E1041"));
}

TEST_F(VariablesTest, ThatGrowAreStopped) {
  std::string custom = "custom:\n  a0: '0123456789'\n";
  for (int i = 1; i < 30; ++i)
    custom += fmt::format("  a{}: '${{self:custom.a{}}}${{self:custom.a{}}}'\n", i, i - 1, i - 1);
  EXPECT_THAT(value("${self:custom.a29}", custom), HasSubstr("E1041"));
  std::string chain = "custom:\n  a0: end\n";
  for (int i = 1; i < 60; ++i) chain += fmt::format("  a{}: '${{self:custom.a{}}}'\n", i, i - 1);
  EXPECT_EQ(value("${self:custom.a20}", chain), "end");
  EXPECT_THAT(value("${self:custom.a59}", chain), HasSubstr("more than 40 deep"));
}

TEST_F(VariablesTest, CloudFormationRefersToResources) {
  const std::string resources =
      "resources: { Resources: { Q: { Type: AWS::SQS::Queue, Properties: { QueueName: jobs } }, "
      "B: { Type: AWS::S3::Bucket } } }\n";
  EXPECT_EQ(value("!Ref Q", resources), "https://sqs.us-east-1.amazonaws.com/000000000000/jobs");
  EXPECT_EQ(value("{ Ref: B }", resources), "svc-dev-b");
  EXPECT_EQ(value("!GetAtt Q.Arn", resources), "arn:aws:sqs:us-east-1:000000000000:jobs");
  EXPECT_EQ(value("{ 'Fn::GetAtt': [B, Arn] }", resources), "arn:aws:s3:::svc-dev-b");
  EXPECT_EQ(value("!Sub '${AWS::Region}/${Q.QueueName}/${!x}'", resources), "us-east-1/jobs/$${x}");
  EXPECT_EQ(value("!Join ['-', [a, !Ref B]]", resources), "a-svc-dev-b");
  EXPECT_EQ(value("!Ref FLambdaFunction"), "svc-dev-f");
  EXPECT_THAT(value("!ImportValue x"), HasSubstr("6 E1107 what Fn::ImportValue stands for"));
  EXPECT_THAT(value("!Ref Nothing"), HasSubstr("E1107 what Nothing refers to"));
  options_.services["sqs"] = "http://127.0.0.1:9324";
  EXPECT_EQ(value("!Ref Q", resources), "http://127.0.0.1:9324/000000000000/jobs");
}

}  // namespace
}  // namespace pelton::importer
