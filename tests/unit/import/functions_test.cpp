// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/import/fixture.h"

#include <fstream>
#include <sstream>

namespace pelton::importer {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using FunctionsTest = ImportTest;

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST_F(FunctionsTest, HaveTheDefaultsOfTheFramework) {
  EXPECT_EQ(section(with_function(""), "functions"), R"(  f:
    runtime: lambda/node
    code: "."
    handler: "index.handler"
    timeout: 6s
    memory: 1024MiB
    scale: 4
    environment:
      AWS_REGION: "us-east-1"
)");
}

TEST_F(FunctionsTest, SayWhatTheProviderSaysUnlessTheySayOtherwise) {
  const Converted converted = convert_text(R"(
service: { name: svc }
provider:
  name: aws
  runtime: python3.12
  timeout: 20
  memorySize: 256
  environment: { A: 1, B: two, C: ~ }
functions:
  getUser:
    handler: src/app.get_user
    timeout: ${self:custom.t}
    reservedConcurrency: 2
    environment: { B: three, AWS_REGION: eu-west-1 }
custom: { t: 7 }
)");
  EXPECT_THAT(converted.problems, ::testing::IsEmpty());
  EXPECT_EQ(section(converted.text, "functions"), R"(  get-user:
    runtime: lambda/python
    code: "."
    handler: "src/app.get_user"
    timeout: 7s
    memory: 256MiB
    scale: 2
    environment:
      A: "1"
      B: "three"
      AWS_REGION: "eu-west-1"
)");
}

TEST_F(FunctionsTest, ThatCannotRunAreLeftOutAlone) {
  const Converted converted = convert_text(R"(service: svc
provider: { name: aws }
functions:
  a: { handler: a.b, runtime: ruby3.3, events: [{ http: GET a }] }
  b: { handler: a.b, runtime: nodejs18.x }
  c: { handler: a.b }
  d: { image: x }
  e: { handler: a.b, runtime: pyton3.12 }
  g: { handler: bin/hello, runtime: go1.x }
  h: { handler: com.acme.Hello, runtime: java21, package: { artifact: target/hello.jar } }
  i: { handler: bootstrap, runtime: provided.al2023 }
)");
  EXPECT_THAT(
      problems(converted),
      ElementsAre("4 E1108 the function a is left out: the runtime ruby3.3 is not available",
                  "5 E1109 nodejs18.x is an old runtime; functions of it are run by the Node.js "
                  "that is installed",
                  "6 E1108 the function c is left out: it has no runtime",
                  "7 E1108 the function d is left out: container images are not run",
                  "8 E1108 the function e is left out: there is no runtime pyton3.12 (did you mean "
                  "\"python3.12\"?)",
                  "9 E1109 go1.x is an old runtime; functions of it are run by this system"));
  const std::string functions = section(converted.text, "functions");
  EXPECT_THAT(functions, HasSubstr("code: \"bin/hello\"\n    handler: \"hello\""));
  EXPECT_THAT(functions, HasSubstr("code: \"target/hello.jar\"\n    handler: \"com.acme.Hello\""));
  EXPECT_THAT(functions, HasSubstr("code: \".\"\n    handler: \"bootstrap\""));
  EXPECT_THAT(converted.text, Not(HasSubstr("routes:")));
}

TEST_F(FunctionsTest, UnknownKeysAreErrorsWithTheNearest) {
  const Converted converted = convert_text(R"(service: svc
provider: { name: aws, runtme: nodejs22.x }
funcions: {}
functions:
  f: { handler: a.b, runtime: nodejs22.x, timout: 3, tags: {}, layers: [x] }
  g: { handler: a.b, runtime: nodejs22.x, layers: [x], timeout: soon }
)");
  EXPECT_EQ(converted.text, "");
  EXPECT_THAT(problems(converted),
              ElementsAre("2 E1005 unknown key \"runtme\" in provider (did you mean \"runtime\"?)",
                          "3 E1005 unknown key \"funcions\" in a service (did you mean "
                          "\"functions\"?)",
                          "5 E1005 unknown key \"timout\" in a function (did you mean "
                          "\"timeout\"?)",
                          "5 E1107 `layers` of a function is not available here and is ignored",
                          "6 E1008 timeout: \"soon\" is not a whole number from 1 to 86400"));
}

TEST_F(FunctionsTest, FindTheServicesOfTheCommandLine) {
  options_.services = {{"s3", "http://127.0.0.1:9000"}, {"", "http://127.0.0.1:5000"}};
  const std::string text = with_function("    environment: { AWS_ENDPOINT_URL: http://own }\n");
  EXPECT_EQ(section(text, "services"), R"(  endpoint: "http://127.0.0.1:5000"
  endpoints:
    s3: "http://127.0.0.1:9000"
)");
  EXPECT_THAT(section(text, "functions"), HasSubstr("AWS_ENDPOINT_URL: \"http://own\""));
}

constexpr const char* kOwnServices = R"(service: svc
provider: { name: aws, runtime: nodejs22.x }
custom:
  port: 9000
  pelton:
    services:
      region: eu-central-1
      access_key: ${env:KEY}
      secret_key: ${env:SECRET}
      endpoint: ${param:other, 'http://127.0.0.1:5000'}
      endpoints:
        S3: http://127.0.0.1:${self:custom.port}
        dynamodb: ~
        ses: http://127.0.0.1:1
functions:
  f: { handler: a.b, events: [{ s3: photos }] }
)";

TEST_F(FunctionsTest, FindTheServicesOfTheFile) {
  const Converted converted = convert_text(kOwnServices);
  EXPECT_EQ(section(converted.text, "services"), R"(  region: "eu-central-1"
  access_key: "${env:KEY}"
  secret_key: "${env:SECRET}"
  endpoint: "http://127.0.0.1:5000"
  endpoints:
    S3: "http://127.0.0.1:9000"
    ses: "http://127.0.0.1:1"
)");
  const std::string source = section(converted.text, "connectors");
  EXPECT_THAT(source, HasSubstr("endpoint: \"http://127.0.0.1:9000\""));
  EXPECT_THAT(source, HasSubstr("access_key: \"${env:KEY}\", secret_key: \"${env:SECRET}\""));
}

TEST_F(FunctionsTest, FindTheServicesOfTheCommandLineBeforeThoseOfTheFile) {
  options_.services = {{"s3", "http://127.0.0.1:9001"}, {"sqs", "http://127.0.0.1:9324"}};
  const Converted converted = convert_text(kOwnServices);
  EXPECT_THAT(section(converted.text, "services"), HasSubstr(R"(  endpoints:
    ses: "http://127.0.0.1:1"
    s3: "http://127.0.0.1:9001"
    sqs: "http://127.0.0.1:9324"
)"));
  EXPECT_THAT(section(converted.text, "connectors"),
              HasSubstr("endpoint: \"http://127.0.0.1:9001\""));
}

TEST_F(FunctionsTest, TakeOneUrlForAllServices) {
  const Converted converted = convert_text(R"(service: svc
provider: { name: aws, runtime: nodejs22.x }
custom: { pelton: { services: "http://127.0.0.1:5000", servces: {} } }
functions: {}
)");
  EXPECT_THAT(problems(converted),
              ElementsAre("3 E1005 unknown key \"servces\" in custom.pelton (did you mean "
                          "\"services\"?)"));
}

TEST_F(FunctionsTest, AreTracedWhereTheFileSaysSo) {
  constexpr const char* kAddress =
      "AWS_XRAY_DAEMON_ADDRESS: \"${env:AWS_XRAY_DAEMON_ADDRESS:-127.0.0.1:2000}\"";
  const Converted converted = convert_text(R"(service: svc
provider: { name: aws, runtime: nodejs22.x, tracing: { lambda: true, apiGateway: true } }
functions:
  f: { handler: a.b }
)");
  EXPECT_THAT(converted.problems, ::testing::IsEmpty());
  EXPECT_THAT(converted.text, HasSubstr(kAddress));
  EXPECT_THAT(with_function("    tracing: Active\n"), HasSubstr(kAddress));
  EXPECT_THAT(with_function("    tracing: PassThrough\n"), Not(HasSubstr("XRAY")));
  EXPECT_THAT(
      with_function("    tracing: Active\n    environment: { AWS_XRAY_DAEMON_ADDRESS: 'h:1' }\n"),
      HasSubstr("AWS_XRAY_DAEMON_ADDRESS: \"h:1\"\n      AWS_REGION"));
}

TEST_F(FunctionsTest, ComeFromFilesAndAnchors) {
  write("functions/one.yml", "one: { handler: one.handler }\n");
  const Converted converted = convert_text(R"(service: svc
provider: { name: aws, runtime: nodejs22.x }
custom:
  base: &base { timeout: 9, memorySize: 128 }
functions:
  - ${file(functions/one.yml)}
  - two: { <<: *base, handler: two.handler, memorySize: 512 }
)");
  EXPECT_THAT(problems(converted), ElementsAre());
  EXPECT_THAT(converted.text, HasSubstr("handler: \"one.handler\""));
  EXPECT_THAT(converted.text, HasSubstr("timeout: 9s\n    memory: 512MiB"));
}

TEST_F(FunctionsTest, AListOfAnythingElseIsAnError) {
  EXPECT_THAT(problems(convert_text("service: x\nprovider: { name: aws }\nfunctions: [~, 3]\n")),
              ElementsAre("3 E1007 an entry of functions must be a mapping, not a value"));
}

TEST_F(FunctionsTest, OtherFilesAreRefused) {
  EXPECT_THAT(
      problems(convert_text("version: 1\n", "pelton.yaml")),
      ElementsAre("1 E1042 the file is neither a serverless.yml nor a template of AWS SAM"));
  EXPECT_THAT(problems(convert_text("service: x\nprovider: { name: google }\n")),
              ElementsAre("2 E1042 the provider google is not supported; only aws is"));
  EXPECT_THAT(problems(convert_text("service: x\n")),
              ElementsAre("1 E1006 \"provider\" is missing"));
}

TEST(Convert, OfTheExampleIsThis) {
  const auto converted =
      convert(fs::path(PELTON_EXAMPLES) / "user_api/serverless.yml",
              [](const std::string&) { return std::optional<std::string>(); }, {});
  const fs::path expected = fs::path(PELTON_GOLDEN) / "convert/user_api.yaml";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << converted.text;
  EXPECT_EQ(converted.text, text_of(expected));
}

}  // namespace
}  // namespace pelton::importer
