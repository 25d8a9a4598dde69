// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/lambda.h"
#include "tests/unit/config/fixture.h"

#include <fmt/format.h>

namespace pelton::worker::lambda {
namespace {

class LambdaOptions : public config::ConfigTest {
 protected:
  LambdaOptions() {
    kinds_.runtimes = {python().options, node().options, java().options, provided().options};
    write_executable("bin/node");
    write_executable("bin/java");
    variables_["PATH"] = write_executable("bin/python3").parent_path().string();
  }
  // What is wrong with a function that has these options; empty: nothing.
  std::string problem(const std::string& runtime, const std::string& options) const {
    const auto all =
        problems("version: 1\nstreams: { a: {} }\nfunctions:\n  f: { runtime: lambda/" + runtime +
                 ", " + options + " }\nbindings: { b: { from: a, function: f } }\n");
    return all.empty() ? "" : all.front();
  }
  std::string handler(const std::string& runtime, const char* text) const {
    return problem(runtime, fmt::format("code: ./code, handler: \"{}\"", text));
  }
};

TEST_F(LambdaOptions, HandlersAreWrittenAsForAws) {
  for (const char* file : {"code/app.py", "code/src/app.py", "code/package/__init__.py",
                           "code/index.js", "code/src/api.mjs", "code/old.cjs"})
    write(file, "");
  for (const char* text :
       {"app.handler", "src/app.handler", "src.app.handler", "package.lambda_handler"})
    EXPECT_EQ(handler("python", text), "") << text;
  for (const char* text : {"index.handler", "src/api.handler", "old.api.get"})
    EXPECT_EQ(handler("node", text), "") << text;
  for (const char* runtime : {"python", "node"}) {
    for (const char* text : {"app", "app.", ".handler", "src/.handler", "app:handler"})
      EXPECT_NE(handler(runtime, text).find("E1008 handler"), std::string::npos) << text;
    EXPECT_NE(handler(runtime, "none.handler").find("there is no module none in"),
              std::string::npos);
  }
}

TEST_F(LambdaOptions, ProvidedIsAnExecutableOrAFolderWithABootstrap) {
  write_executable("go/bootstrap");
  write("shell/bootstrap", "");
  write("empty/x", "");
  EXPECT_EQ(problem("provided", "code: ./go"), "");
  EXPECT_EQ(problem("provided", "code: ./go/bootstrap, handler: main"), "");
  EXPECT_NE(problem("provided", "code: ./shell").find("is not executable"), std::string::npos);
  EXPECT_NE(problem("provided", "code: ./empty").find("bootstrap does not exist"),
            std::string::npos);
}

TEST_F(LambdaOptions, ClassesOfJavaAreWrittenAsForAws) {
  write("code/Hello.class", "");
  write("hello.jar", "");
  for (const char* text : {"Hello", "example.Hello", "example.Hello::handle"})
    EXPECT_EQ(handler("java", text), "") << text;
  EXPECT_EQ(problem("java", "code: ./hello.jar, handler: Hello"), "");
  for (const char* text :
       {"Hello:", "Hello::", "::handle", "Hello:handle", "a/Hello::handle", "a b"})
    EXPECT_NE(handler("java", text).find("E1008 handler"), std::string::npos) << text;
  EXPECT_NE(problem("java", "code: ./none.jar, handler: Hello").find("does not exist"),
            std::string::npos);
}

TEST_F(LambdaOptions, TheFolderIsLookedAt) {
  write("file", "");
  EXPECT_NE(problem("python", "code: ./none, handler: a.b").find("does not exist"),
            std::string::npos);
  EXPECT_NE(problem("node", "code: ./file, handler: a.b").find("is a file"), std::string::npos);
}

}  // namespace
}  // namespace pelton::worker::lambda
