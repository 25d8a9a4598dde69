// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/services.h"

#include "engine/config/parts/aws_services.h"
#include "engine/config/plan.h"
#include "tests/unit/config/fixture.h"

#include <gmock/gmock.h>

namespace pelton::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(AwsServices, GoByAnyOfTheirNames) {
  for (const char* name :
       {"secretsmanager", "Secrets Manager", "secrets-manager", "SECRETS_MANAGER"})
    EXPECT_EQ(aws_service(name), "secrets_manager") << name;
  EXPECT_EQ(aws_service("S3"), "s3");
  EXPECT_EQ(aws_service("dynamodbstreams"), "dynamodb_streams");
  EXPECT_EQ(aws_service("logs"), "cloudwatch_logs");
  EXPECT_EQ(aws_service("events"), "eventbridge");
  EXPECT_EQ(aws_service("cognito-idp"), "cognito_identity_provider");
  EXPECT_EQ(aws_service("stepfunctions"), "sfn");
  for (const char* name : {"", "-", "dynamdb", "s3 s3", "accessanalyzer account"})
    EXPECT_FALSE(aws_service(name)) << name;
  EXPECT_EQ(similar_aws_service("Dynamdb"), " (did you mean \"dynamodb\"?)");
}

TEST(ServiceUrls, AreThoseOfServers) {
  for (const char* good : {"http://127.0.0.1:9000", "https://s3.example.com", "http://[::1]:4566",
                           "http://localhost:8333/path/", "http://my_host:1"})
    EXPECT_TRUE(check_service_url(good)) << good;
  for (const char* bad :
       {"", "127.0.0.1:9000", "http://", "http://:9000", "ftp://a", "http://a b", "http://a:0",
        "http://a:65536", "http://a:x", "http://a:", "http://user:secret@host", "http://a/?x=1",
        "http://[", "http://[]", "http://a/b c", "HTTP://a", "http://a\n"}) {
    const auto checked = check_service_url(bad);
    ASSERT_FALSE(checked) << bad;
    EXPECT_EQ(checked.error().code, "E7111");
  }
}

class ServicesTest : public ConfigTest {
 protected:
  ServicesTest() { variables_["OF_A"] = "a"; }

  // A config with this section and a function with this environment.
  static std::string with(const std::string& section, const std::string& environment = "") {
    std::string text = whole_config() + "services: " + section + "\n";
    if (environment.empty()) return text;
    const auto at = text.find("A: \"${env:OF_A}\"");
    EXPECT_NE(at, std::string::npos);
    return text.insert(at, environment + ", ");
  }
  std::map<std::string, std::string> variables(const std::string& section,
                                               const std::string& environment = "") const {
    for (const Function& function : good(with(section, environment)).functions)
      if (function.runtime == "cpp") return without_own(function.environment);
    return {};
  }
  static std::map<std::string, std::string> without_own(std::map<std::string, std::string> all) {
    std::erase_if(all, [](const auto& variable) { return !variable.first.starts_with("AWS_"); });
    return all;
  }
};

TEST_F(ServicesTest, BecomeVariablesOfAllFunctions) {
  EXPECT_THAT(
      variables("{ endpoint: http://all:1, endpoints: { s3: http://s3:2, logs: http://l:3 } }"),
      UnorderedElementsAre(
          Pair("AWS_ENDPOINT_URL", "http://all:1"), Pair("AWS_ENDPOINT_URL_S3", "http://s3:2"),
          Pair("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://l:3"), Pair("AWS_REGION", "us-east-1"),
          Pair("AWS_DEFAULT_REGION", "us-east-1"), Pair("AWS_ACCESS_KEY_ID", "test"),
          Pair("AWS_SECRET_ACCESS_KEY", "test")));
  EXPECT_EQ(variables("http://all:1")["AWS_ENDPOINT_URL"], "http://all:1");
}

TEST_F(ServicesTest, AddNothingThatNobodyAskedFor) {
  EXPECT_THAT(variables("{}"), IsEmpty());
  EXPECT_THAT(variables("~"), IsEmpty());
  EXPECT_THAT(variables("{ endpoints: {} }"), IsEmpty());
  // Functions that reach AWS itself log in as before.
  EXPECT_THAT(variables("{ region: eu-west-1 }"),
              UnorderedElementsAre(Pair("AWS_REGION", "eu-west-1"),
                                   Pair("AWS_DEFAULT_REGION", "eu-west-1")));
}

TEST_F(ServicesTest, LeaveWhatAFunctionHasItself) {
  const auto own = variables("{ endpoint: http://all:1, endpoints: { s3: http://s3:2 } }",
                             "AWS_ENDPOINT_URL_S3: '', AWS_DEFAULT_REGION: eu-north-1, "
                             "AWS_PROFILE: mine");
  EXPECT_THAT(own, UnorderedElementsAre(
                       Pair("AWS_ENDPOINT_URL", "http://all:1"), Pair("AWS_ENDPOINT_URL_S3", ""),
                       Pair("AWS_REGION", "eu-north-1"), Pair("AWS_DEFAULT_REGION", "eu-north-1"),
                       Pair("AWS_PROFILE", "mine")));
}

TEST_F(ServicesTest, AreNothingToAFunctionThatReachesAws) {
  EXPECT_THAT(variables("{ endpoint: http://all:1, region: eu-west-1 }",
                        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true'"),
              ElementsAre(Pair("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")));
}

TEST_F(ServicesTest, LogInAsTheEngineOrAsTheFileSays) {
  variables_ = {{"OF_A", "a"},
                {"AWS_ACCESS_KEY_ID", "k"},
                {"AWS_SECRET_ACCESS_KEY", "s"},
                {"AWS_SESSION_TOKEN", "t"}};
  auto got = variables("http://all:1");
  EXPECT_EQ(got["AWS_ACCESS_KEY_ID"] + got["AWS_SECRET_ACCESS_KEY"] + got["AWS_SESSION_TOKEN"],
            "kst");
  variables_.erase("AWS_SECRET_ACCESS_KEY");
  got = variables("http://all:1");
  EXPECT_EQ(got["AWS_ACCESS_KEY_ID"], "test");
  EXPECT_FALSE(got.contains("AWS_SESSION_TOKEN"));
  variables_["SECRET"] = "other";
  got = variables("{ access_key: me, secret_key: '${env:SECRET}' }");
  EXPECT_EQ(got["AWS_ACCESS_KEY_ID"] + got["AWS_SECRET_ACCESS_KEY"], "meother");
  EXPECT_FALSE(got.contains("AWS_ENDPOINT_URL"));
}

TEST_F(ServicesTest, TheCommandLineWins) {
  kinds_.services = {{"", "http://line:1"}, {"s3", "http://line:2"}};
  const auto got =
      variables("{ endpoint: http://all:1, endpoints: { s3: http://s3:2, ses: http://ses:3 } }");
  EXPECT_EQ(got.at("AWS_ENDPOINT_URL"), "http://line:1");
  EXPECT_EQ(got.at("AWS_ENDPOINT_URL_S3"), "http://line:2");
  EXPECT_EQ(got.at("AWS_ENDPOINT_URL_SES"), "http://ses:3");
}

TEST_F(ServicesTest, AChangeIsOneOfTheFunctionsAndShowsNoSecret) {
  const Plan changed = plan(
      good(with("{ endpoint: http://all:1 }")),
      good(with("{ endpoint: http://all:2, access_key: k, secret_key: '${env:OF_A}' }")), kinds_);
  ASSERT_THAT(changed.changes, Not(IsEmpty()));
  for (const PartChange& change : changed.changes) {
    if (change.kind != PartKind::function) continue;
    EXPECT_EQ(change.action, Action::change);
    for (const OptionChange& option : change.options)
      if (option.option == "environment.AWS_SECRET_ACCESS_KEY") {
        EXPECT_TRUE(option.secret);
        EXPECT_EQ(option.after.value_or(""), "");
      }
  }
}

TEST_F(ServicesTest, ErrorsHaveTheirPlace) {
  const auto first = [&](const std::string& section) {
    const auto all = problems("version: 1\nservices: " + section + "\n");
    return all.empty() ? std::string() : all.front();
  };
  EXPECT_EQ(first("{ endpoints: { dynamdb: http://a } }"),
            "2:26 E7110 services: endpoints: \"dynamdb\" is not a service of AWS (did you mean "
            "\"dynamodb\"?)");
  EXPECT_THAT(first("{ endpoints: { s3: http://a, S3: http://b } }"),
              HasSubstr("E7110 services: endpoints: S3 is a service that has an endpoint already"));
  EXPECT_EQ(
      first("{ endpoints: { s3: '127.0.0.1:9000' } }"),
      "2:30 E7111 services: endpoints: s3: \"127.0.0.1:9000\" is not the URL of a server, such "
      "as http://127.0.0.1:9000");
  EXPECT_THAT(first("{ endpoints: { s3: { url: x } } }"),
              HasSubstr("E1007 services: the endpoint of s3 must be a URL"));
  EXPECT_THAT(first("{ endpoints: http://a }"), HasSubstr("E1007 "));
  EXPECT_THAT(first("{ endpoint: localhost }"),
              HasSubstr("2:23 E7111 services: endpoint: \"localhost\""));
  EXPECT_THAT(first("localhost"), HasSubstr("E7111"));
  EXPECT_THAT(first("[a]"), HasSubstr("E1007"));
  EXPECT_THAT(first("{ region: eu west }"), HasSubstr("E7112 services: region: \"eu west\""));
  EXPECT_THAT(first("{ region: '' }"), HasSubstr("E"));
  EXPECT_THAT(first("{ access_key: a }"),
              HasSubstr("E7112 services: `access_key` and `secret_key`"));
  EXPECT_THAT(first("{ secret_key: '${env:OF_A}' }"), HasSubstr("E7112"));
  EXPECT_THAT(first("{ session_token: '${env:OF_A}' }"),
              HasSubstr("E7112 services: `session_token`"));
  EXPECT_THAT(first("{ endpoints: { s3: '${env:NONE}' } }"), HasSubstr("E1016"));
  EXPECT_THAT(first("{ endpont: http://a }"), HasSubstr("did you mean \"endpoint"));
}

}  // namespace
}  // namespace pelton::config
