// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/lone_function.h"

#include "engine/worker/runtimes/native/options.h"

#include <gmock/gmock.h>

namespace pelton::runtime {
namespace {

using testing::HasSubstr;

class LoneFunctionTest : public testing::Test {
 protected:
  LoneFunctionTest() {
    function.name = "f";
    function.runtime = "cpp";
    function.scale.min = 3;
    function.start_timeout = std::chrono::seconds(20);
  }
  Result<std::string> call(const std::string& program, const std::string& event) {
    function.settings = worker::native::CppOptions{program};
    LoneFunction lone(function, {});
    return lone.call({"f", http::OperatorCall::Form::natural, event,
                      std::chrono::steady_clock::now() + std::chrono::hours(1)});
  }
  config::Function function;
};

TEST_F(LoneFunctionTest, AWorkerThatCannotStartIsAFailure) {
  const auto answer = call("/bin/false", "{}");
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_THAT(*answer, HasSubstr(R"({"outcome":"failed","outputs":[],)"));
  EXPECT_THAT(*answer, HasSubstr(R"("type":"WorkerCannotStart")"));
  EXPECT_THAT(*answer, HasSubstr("exit 1"));
  EXPECT_THAT(*answer, HasSubstr(R"("report":null)"));
}

TEST_F(LoneFunctionTest, WhatIsNotAnEventStartsNothing) {
  const auto answer = call("/none", "[1]");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "E5003");
}

TEST_F(LoneFunctionTest, ACallAfterAFailureIsAnsweredAsWell) {
  function.settings = worker::native::CppOptions{"/bin/false"};
  LoneFunction lone(function, {});
  for (int i = 0; i < 2; ++i) {
    const auto answer =
        lone.call({"f", {}, "{}", std::chrono::steady_clock::now() + std::chrono::hours(1)});
    ASSERT_TRUE(answer);
    EXPECT_THAT(*answer, HasSubstr("WorkerCannotStart"));
  }
}

}  // namespace
}  // namespace pelton::runtime
