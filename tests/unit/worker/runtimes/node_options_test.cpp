// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/node/node.h"
#include "tests/unit/config/fixture.h"

#include <fmt/format.h>

namespace pelton::worker::node {
namespace {

class NodeOptions : public config::ConfigTest {
 protected:
  NodeOptions() {
    kinds_.runtimes = {runtime().options};
    variables_["PATH"] = write_executable("bin/node").parent_path().string();
  }
  // What is wrong with a function that has these options; empty: nothing.
  std::string problem(const std::string& options) const {
    const auto all = problems("version: 1\nstreams: { a: {} }\nfunctions:\n  f: { runtime: node, " +
                              options + " }\nbindings: { b: { from: a, function: f } }\n");
    return all.empty() ? "" : all.front();
  }
  std::string handler(const char* text) const {
    return problem(fmt::format("code: ./code, handler: \"{}\"", text));
  }
};

TEST_F(NodeOptions, AModuleIsAFileWithOrWithoutItsEndingOrAFolder) {
  for (const char* file : {"code/one.mjs", "code/two.js", "code/three.cjs", "code/four/index.js"})
    write(file, "");
  for (const char* text : {"one:handle", "one.mjs:handle", "two:handle", "three:api.handle",
                           "four:handle", "four/index:handle", "./two:default"})
    EXPECT_EQ(handler(text), "") << text;
  EXPECT_NE(handler("five:handle").find("there is no module five in"), std::string::npos);
}

TEST_F(NodeOptions, AHandlerIsModuleAndFunction) {
  write("code/m.js", "");
  for (const char* text : {"m", "m:", ":handle"})
    EXPECT_NE(handler(text).find("E1008 handler"), std::string::npos) << text;
}

TEST_F(NodeOptions, ThePlacesAreLookedAt) {
  write("file", "");
  EXPECT_NE(problem("code: ./none, handler: \"m:h\"").find("does not exist"), std::string::npos);
  EXPECT_NE(problem("code: ./file, handler: \"m:h\"").find("is a file; a node function"),
            std::string::npos);
  write("code/m.js", "");
  EXPECT_NE(problem("code: ./code, handler: \"m:h\", interpreter: ./code").find("is a folder"),
            std::string::npos);
  EXPECT_NE(problem("code: ./code, handler: \"m:h\", interpreter: node9")
                .find("there is no node9 in the folders of PATH"),
            std::string::npos);
}

}  // namespace
}  // namespace pelton::worker::node
