// SPDX-License-Identifier: Apache-2.0
// Functions and the options of runtimes that the config itself does not know.
#include "engine/config/plan.h"
#include "tests/unit/config/fixture.h"

#include <gmock/gmock.h>

namespace pelton::config {
namespace {

using ::testing::ElementsAre;

class FunctionTest : public ConfigTest {
 protected:
  static std::string with(const std::string& function) {
    return "version: 1\nstreams: { a: {} }\nfunctions:\n  f: { " + function +
           " }\nbindings: { b: { from: a, function: f } }\n";
  }
  Function only(const std::string& function) const { return good(with(function)).functions.at(0); }
};

TEST_F(FunctionTest, ItsRuntimeReadsItsOwnOptions) {
  const Function f = only("runtime: python, code: ./code, handler: h, timeout: 1s");
  const auto& own = std::any_cast<const SampleCode&>(f.settings);
  EXPECT_EQ(own.code, folder_ / "code");
  EXPECT_EQ(own.handler, "h");
  EXPECT_EQ(f.timeout, std::chrono::seconds(1));
  ASSERT_EQ(f.files.size(), 1U);
  EXPECT_EQ(f.files[0].path, folder_ / "code");
}

TEST_F(FunctionTest, AnOptionOfAnotherRuntimeIsRefusedWithItsPlace) {
  EXPECT_THAT(problems(with("runtime: cpp, code: ./code, handler: h")),
              ElementsAre("4:36 E1031 function f: `handler` does not apply to the runtime cpp, "
                          "whose options are code"));
}

TEST_F(FunctionTest, WithoutAKnownRuntimeItsOptionsAreNotJudged) {
  EXPECT_THAT(codes(with("runtime: ruby, code: x, handler: h")), ElementsAre("E1010"));
  EXPECT_THAT(codes(with("code: x")), ElementsAre("E1006"));
  EXPECT_THAT(codes(with("runtime: ruby, cod: x")), ElementsAre("E1010", "E1005"));
  EXPECT_THAT(codes("version: 1\nfunctions: { f: [] }\n"), ElementsAre("E1007"));
}

TEST_F(FunctionTest, AnUnknownOptionIsOneProblem) {
  EXPECT_THAT(codes(with("runtime: python, code: x, handler: h, timeuot: 1s")),
              ElementsAre("E1005"));
  EXPECT_THAT(codes(with("runtime: python, code: x, handle: h")), ElementsAre("E1006", "E1005"));
}

TEST_F(FunctionTest, AnotherRuntimeIsADifferenceOfItsOptions) {
  const auto plan = config::plan(good(with("runtime: python, code: ./a, handler: h")),
                                 good(with("runtime: cpp, code: ./b")), kinds_);
  const PartChange* change = plan.find(PartKind::function, "f");
  ASSERT_NE(change, nullptr);
  std::vector<std::string> names;
  for (const OptionChange& option : change->options) names.push_back(option.option);
  EXPECT_THAT(names, ElementsAre("runtime", "handler", "code"));
}

}  // namespace
}  // namespace pelton::config
