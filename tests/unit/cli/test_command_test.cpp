// SPDX-License-Identifier: Apache-2.0
// pelton test and pelton invoke --local, as far as they go without a worker.
#include "tests/unit/cli/command_fixture.h"

#include <filesystem>
#include <fstream>

namespace pelton::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class TestCommand : public testing::Test {
 protected:
  TestCommand() {
    write(
        "pelton.yaml",
        "version: 1\nfunctions: { f: { runtime: cpp, code: /bin/false }, g: { runtime: cpp, code: "
        "/bin/false } }\n");
  }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder.path() / name) << text;
    return (folder.path() / name).string();
  }
  Ran test(const std::string& text, const std::string& format = "text") const {
    return run_words({"test", write("tests.yaml", text), "-o", format});
  }
  const test::TemporaryFolder folder;
};

TEST_F(TestCommand, ShowsWhatDiffers) {
  const Ran ran = test(
      "function: f\ncases:\n"
      "  - { name: a, event: {} }\n"
      "  - { name: b, event: {}, error: { type: WorkerCannotStart } }\n");
  EXPECT_EQ(ran.code, kFailure) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("FAIL a\n     outcome: expected \"done\", got \"failed\"\n"
                                       "     WorkerCannotStart: "),
                             HasSubstr("ok   b\n"), HasSubstr("1 passed, 1 failed\n")));
}

TEST_F(TestCommand, PassesWhereAllIsAsExpected) {
  const std::string cases =
      "function: g\ncases: [ { name: b, event: {}, outcome: failed, outputs: [] } ]";
  EXPECT_EQ(test(cases).code, kOk);
  EXPECT_THAT(test(cases, "json").out,
              AllOf(HasSubstr(R"({"passed":1,"failed":0,"cases":[{"name":"b","passed":true,)"),
                    HasSubstr(R"("differences":[],"answer":{"outcome":"failed")")));
}

TEST_F(TestCommand, WhatCannotBeRunIsAnError) {
  EXPECT_EQ(test("function: h\ncases: [ { name: a, event: {} } ]").code, kNotFound);
  EXPECT_EQ(test("function: f\ncases: [ { name: a, event: [1] } ]").code, kFailure);
  EXPECT_EQ(test("cases: {}").code, kConfigInvalid);
  EXPECT_EQ(test("config: none.yaml\nfunction: f\ncases: [ { name: a, event: {} } ]").code,
            kConfigInvalid);
  EXPECT_EQ(run_words({"test", "/none.yaml"}).code, kFailure);
  EXPECT_EQ(run_words({"test"}).code, kUsage);
}

TEST_F(TestCommand, AFunctionIsCalledWithoutAnEngine) {
  const std::string config = (folder.path() / "pelton.yaml").string();
  const Ran ran = run_words({"invoke", "f", "--local", config});
  EXPECT_EQ(ran.code, kFailure);
  EXPECT_THAT(ran.err, HasSubstr("pelton: function f failed: WorkerCannotStart: "));
  EXPECT_EQ(run_words({"invoke", "ff", "--local", config}).code, kNotFound);
  EXPECT_EQ(run_words({"invoke", "f", "--local", "/none.yaml"}).code, kConfigInvalid);
  EXPECT_EQ(run_words({"invoke", "f", "--local", config, "--config", config}).code, kUsage);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "data"));
}

}  // namespace
}  // namespace pelton::cli
