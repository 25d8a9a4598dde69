// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/environment.h"
#include "engine/worker/runtimes/lambda/temporary_folder.h"

#include <gtest/gtest.h>

#include <fstream>

namespace pelton::worker::lambda {
namespace {

class LambdaEnvironment : public ::testing::Test {
 protected:
  LambdaEnvironment() { function.name = "resize"; }
  std::string env(const std::string& name) const {
    const auto all = environment(function,
                                 {"resize-3", "AWS_Lambda_python", "app.handler", "/code",
                                  "/runtime", "/tmp/own", "127.0.0.1:4711"},
                                 from_us(1'700'000'000'000'000));
    const auto at = all.find(name);
    return at == all.end() ? "absent" : at->second;
  }
  config::Function function;
};

TEST_F(LambdaEnvironment, IsThatOfAws) {
  EXPECT_EQ(env("_HANDLER"), "app.handler");
  EXPECT_EQ(env("LAMBDA_TASK_ROOT"), "/code");
  EXPECT_EQ(env("LAMBDA_RUNTIME_DIR"), "/runtime");
  EXPECT_EQ(env("AWS_LAMBDA_RUNTIME_API"), "127.0.0.1:4711");
  EXPECT_EQ(env("AWS_LAMBDA_FUNCTION_NAME"), "resize");
  EXPECT_EQ(env("AWS_LAMBDA_FUNCTION_VERSION"), "$LATEST");
  EXPECT_EQ(env("AWS_LAMBDA_LOG_GROUP_NAME"), "/aws/lambda/resize");
  EXPECT_TRUE(env("AWS_LAMBDA_LOG_STREAM_NAME").starts_with("2023/11/14/[$LATEST]"));
  EXPECT_EQ(env("AWS_LAMBDA_INITIALIZATION_TYPE"), "on-demand");
  EXPECT_EQ(env("AWS_EXECUTION_ENV"), "AWS_Lambda_python");
  EXPECT_EQ(env("AWS_REGION"), "us-east-1");
  EXPECT_EQ(env("AWS_DEFAULT_REGION"), "us-east-1");
  EXPECT_EQ(env("AWS_XRAY_CONTEXT_MISSING"), "LOG_ERROR");
  EXPECT_EQ(env("TZ"), ":UTC");
  EXPECT_EQ(env("TMPDIR"), "/tmp/own");
  EXPECT_NE(env("PATH"), "absent");
  EXPECT_EQ(env("AWS_ACCESS_KEY_ID"), "absent") << "the engine's own are not the function's";
}

TEST_F(LambdaEnvironment, MemoryIsInMebibytes) {
  EXPECT_EQ(env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "10240");
  function.memory_bytes = 128U << 20;
  EXPECT_EQ(env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "128");
}

TEST_F(LambdaEnvironment, AFunctionChoosesWhatIsNotReserved) {
  function.environment = {{"TZ", "Europe/Berlin"},
                          {"AWS_REGION", "eu-central-1"},
                          {"AWS_ACCESS_KEY_ID", "key"},
                          {"AWS_LAMBDA_RUNTIME_API", "elsewhere:80"},
                          {"_HANDLER", "other"}};
  EXPECT_EQ(env("TZ"), "Europe/Berlin");
  EXPECT_EQ(env("AWS_REGION"), "eu-central-1");
  EXPECT_EQ(env("AWS_DEFAULT_REGION"), "eu-central-1");
  EXPECT_EQ(env("AWS_ACCESS_KEY_ID"), "key");
  EXPECT_EQ(env("AWS_LAMBDA_RUNTIME_API"), "127.0.0.1:4711");
  EXPECT_EQ(env("_HANDLER"), "app.handler");
  EXPECT_EQ(account_of(function).region, "eu-central-1");
  function.environment = {{"AWS_DEFAULT_REGION", "us-west-2"}};
  EXPECT_EQ(env("AWS_REGION"), "us-west-2");
}

TEST(LambdaTemporaryFolder, IsAWorkersOwnAndGoesWithIt) {
  std::filesystem::path first;
  {
    TemporaryFolder one, other;
    ASSERT_TRUE(one.make("f-1"));
    ASSERT_TRUE(other.make("f-1"));
    EXPECT_NE(one.path(), other.path());
    first = one.path();
    std::filesystem::create_directory(first / "a");
    std::ofstream(first / "a" / "b") << "c";
    EXPECT_EQ(std::filesystem::status(first).permissions(), std::filesystem::perms::owner_all);
  }
  EXPECT_FALSE(std::filesystem::exists(first));
}

}  // namespace
}  // namespace pelton::worker::lambda
