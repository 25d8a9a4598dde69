// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/engine_address.h"
#include "tests/unit/cli/command_fixture.h"

#include <filesystem>

namespace pelton::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kService = R"(service: svc
provider: { name: aws, runtime: nodejs22.x }
functions:
  f:
    handler: index.handler
    environment: { STAGE: "${sls:stage}", URL: "${param:url, 'none'}" }
    events: [{ http: GET a }]
)";

using ConvertTest = CommandTest;

TEST_F(ConvertTest, PrintsAConfigFile) {
  const Ran ran = run_words({"convert", file("serverless.yml", kService)});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, StartsWith("# The service svc of serverless.yml, stage dev"));
  EXPECT_THAT(ran.out, HasSubstr("STAGE: \"dev\"\n      URL: \"none\""));
  EXPECT_THAT(ran.out, HasSubstr("address: \"127.0.0.1:3000\""));
}

TEST_F(ConvertTest, TakesTheOptionsOfRun) {
  const Ran ran = run_words({"convert", file("serverless.yml", kService), "--stage", "prod",
                             "--param", "url=http://x?a=b", "--listen", "[::1]:80", "--service",
                             "S3=http://127.0.0.1:9000", "--service", "http://127.0.0.1:5000"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("STAGE: \"prod\"\n      URL: \"http://x?a=b\""));
  EXPECT_THAT(ran.out, HasSubstr("services:\n  endpoint: \"http://127.0.0.1:5000\"\n  endpoints:\n"
                                 "    s3: \"http://127.0.0.1:9000\"\n"));
  EXPECT_THAT(ran.out, HasSubstr("address: \"[::1]:80\""));
}

TEST_F(ConvertTest, ReadsStandardInput) {
  const Ran ran = run_words({"convert", "-"}, kService);
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("handler: \"index.handler\""));
}

TEST_F(ConvertTest, RefusesWhatItCannotConvert) {
  const Ran config = run_words({"convert", file("pelton.yaml", "version: 1\n")});
  EXPECT_EQ(config.code, kConfigInvalid);
  EXPECT_THAT(config.err, HasSubstr("pelton.yaml:1:1: E1042 "));
  EXPECT_EQ(config.out, "");
  EXPECT_THAT(run_words({"convert", "/none.yml"}).err, HasSubstr("/none.yml:1:1: E1001 "));
  const Ran broken = run_words({"convert", file("serverless.yml", "service: [\n")});
  EXPECT_EQ(broken.code, kConfigInvalid);
  EXPECT_THAT(broken.err, HasSubstr("E1002 not YAML"));
}

TEST_F(ConvertTest, BadOptionsAreUsage) {
  const std::string service = file("serverless.yml", kService);
  const auto said = [&](const std::string& option, const std::string& word) {
    const Ran ran = run_words({"convert", service, option, word});
    EXPECT_EQ(ran.code, kUsage);
    return ran.err;
  };
  EXPECT_THAT(said("--service", "s3"), HasSubstr("\"s3\" is not NAME=URL"));
  EXPECT_THAT(said("--service", "s3=127.0.0.1:9000"), HasSubstr("is not NAME=URL"));
  EXPECT_THAT(said("--service", "=http://x"), HasSubstr("is not NAME=URL"));
  EXPECT_THAT(said("--service", "http://"), HasSubstr("is not NAME=URL"));
  EXPECT_THAT(said("--service", "dynamdb=http://x"),
              HasSubstr("\"dynamdb\" is not a service of AWS (did you mean \"dynamodb\"?)"));
  EXPECT_THAT(said("--param", "=x"), HasSubstr("\"=x\" is not NAME=VALUE"));
  EXPECT_THAT(said("--listen", "3000"), HasSubstr("\"3000\" is not ADDRESS:PORT"));
}

TEST_F(ConvertTest, ClientsFindTheEngineOfSuchAFile) {
  const std::string service = file("serverless.yml", kService);
  const auto socket = admin_socket({.config = service},
                                   [](const std::string&) { return std::optional<std::string>(); });
  EXPECT_EQ(socket->string(),
            (std::filesystem::path(service).parent_path() / ".pelton/admin.sock").string());
}

}  // namespace
}  // namespace pelton::cli
