// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/function_error.h"

#include <gtest/gtest.h>

namespace pelton::worker::lambda {
namespace {

std::string read(std::string_view json, std::string_view type = "") {
  const FunctionError error = read_error(json, type);
  return error.type + "|" + error.message + "|" + error.stack;
}

TEST(FunctionError, IsWhatEachClientPosts) {
  EXPECT_EQ(read(R"({"errorType":"KeyError","errorMessage":"'x'","stackTrace":["  a\n","b"]})"),
            "KeyError|'x'|  a\nb\n");
  EXPECT_EQ(read(R"({"errorType":"E","errorMessage":"m","trace":["E: m","    at f"]})"),
            "E|m|E: m\n    at f\n");
  EXPECT_EQ(read(R"({"errorMessage":"m","stackTrace":[{"line":3}]})", "Function.X"),
            "Function.X|m|{\"line\":3}\n");
}

TEST(FunctionError, OfABodyThatIsNoObjectIsTheText) {
  EXPECT_EQ(read("it broke", "T"), "T|it broke|");
  EXPECT_EQ(read("", ""), "Error||");
  EXPECT_EQ(read(R"({"errorType":7,"errorMessage":null,"stackTrace":"x"})"), "Error||");
}

}  // namespace
}  // namespace pelton::worker::lambda
