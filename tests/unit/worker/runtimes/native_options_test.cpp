// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/native/options.h"
#include "tests/unit/config/fixture.h"

#include <fmt/format.h>

namespace pelton::worker::native {
namespace {

// Functions of the native runtimes, as files and their configs have them.
class NativeOptions : public config::ConfigTest {
 protected:
  NativeOptions() { kinds_.runtimes = {python_options(), cpp_options()}; }
  static std::string with(const std::string& function) {
    return "version: 1\nstreams: { a: {} }\nfunctions:\n  f: { " + function +
           " }\nbindings: { b: { from: a, function: f } }\n";
  }
  static std::string python(const std::string& options) {
    return with("runtime: python, code: ./code, " + options);
  }
  std::string problem(const std::string& text) const {
    const auto all = problems(text);
    return all.empty() ? "" : all.front();
  }
  // Of the only function.
  std::string interpreter(const std::string& text) const {
    const config::Config config = good(text);
    return std::any_cast<const PythonOptions&>(config.functions.at(0).settings).interpreter;
  }
};

TEST_F(NativeOptions, AModuleIsAFileOrAPackage) {
  write("code/one.py", "");
  write("code/pack/__init__.py", "");
  write("code/pack/inner.py", "");
  make_folder("code/namespace");
  for (const char* handler :
       {"one:handle", "pack:handle", "pack.inner:handle", "one:Class.method", "namespace:handle"})
    EXPECT_EQ(problem(python(fmt::format("handler: \"{}\"", handler))), "") << handler;
  EXPECT_EQ(problem(python("handler: \"two:handle\"")),
            fmt::format("4:48 E1014 handler: there is no module two in {}/code (no two.py and no "
                        "package)",
                        folder_.string()));
}

TEST_F(NativeOptions, AHandlerIsModuleAndCallable) {
  write("code/m.py", "");
  for (const char* handler :
       {"m", "m:", ":h", "m:h:i", "m h", "../m:h", "m/n:h", ".m:h", "m.:h", "1m:h", "m:h()"})
    EXPECT_EQ(codes(python(fmt::format("handler: \"{}\"", handler))),
              std::vector<std::string>{"E1008"})
        << handler;
  EXPECT_EQ(codes(python("handler: \"\"")), std::vector<std::string>{"E1006"});
  EXPECT_EQ(codes(python("timeout: 1s")), std::vector<std::string>{"E1006"});
}

TEST_F(NativeOptions, AnExecutableIsThereAndExecutable) {
  write_executable("bin/good");
  write("bin/plain", "");
  EXPECT_EQ(problem(with("runtime: cpp, code: ./bin/good")), "");
  EXPECT_NE(problem(with("runtime: cpp, code: ./bin/plain")).find("is not executable"),
            std::string::npos);
  EXPECT_NE(problem(with("runtime: cpp, code: ./bin")).find("is a folder"), std::string::npos);
  EXPECT_NE(problem(with("runtime: cpp, code: ./bin/none")).find("does not exist"),
            std::string::npos);
  EXPECT_NE(problem(with("runtime: cpp, code: ../build/x/none")).find("so build it first"),
            std::string::npos);
}

TEST_F(NativeOptions, AVirtualEnvironmentMeansItsInterpreter) {
  write("code/m.py", "");
  const auto python3 = write_executable("venv/bin/python3");
  EXPECT_EQ(interpreter(python("handler: \"m:h\", interpreter: ./venv")), python3.string());
}

// A virtual environment is known by the path of its interpreter, which is a link.
TEST_F(NativeOptions, AnInterpreterThatIsALinkIsNotResolved) {
  write("code/m.py", "");
  const auto real = write_executable("real");
  std::filesystem::create_symlink(real, folder_ / "link");
  EXPECT_EQ(interpreter(python("handler: \"m:h\", interpreter: ./link")),
            (folder_ / "link").string());
}

TEST_F(NativeOptions, AnInterpreterIsThere) {
  write("code/m.py", "");
  write("plain", "");
  make_folder("empty");
  const auto with_interpreter = [&](const char* path) {
    return problem(python(fmt::format("handler: \"m:h\", interpreter: {}", path)));
  };
  EXPECT_NE(with_interpreter("./none").find("does not exist"), std::string::npos);
  EXPECT_NE(with_interpreter("./plain").find("is not executable"), std::string::npos);
  EXPECT_NE(with_interpreter("./empty").find("is not a virtual environment"), std::string::npos);
}

TEST_F(NativeOptions, ACommandIsLookedForInPath) {
  write("code/m.py", "");
  write_executable("tools/python9");
  variables_["PATH"] = "/nowhere:" + (folder_ / "tools").string();
  EXPECT_EQ(problem(python("handler: \"m:h\", interpreter: python9")), "");
  EXPECT_NE(problem(python("handler: \"m:h\", interpreter: python8"))
                .find("there is no python8 in the folders of PATH"),
            std::string::npos);
  EXPECT_EQ(interpreter(python("handler: \"m:h\", interpreter: python9")), "python9");
}

TEST_F(NativeOptions, ACppFunctionHasNoHandlerAndNeedsNoInterpreter) {
  variables_["PATH"] = "/nowhere";
  EXPECT_EQ(problem(with("runtime: cpp, code: /bin/true")), "");
  EXPECT_EQ(codes(with("runtime: cpp, code: /bin/true, handler: \"m:h\"")),
            std::vector<std::string>{"E1031"});
}

TEST_F(NativeOptions, AnUnknownRuntimeIsOneProblemOnly) {
  EXPECT_EQ(codes(with("runtime: ruby, code: ./none")), std::vector<std::string>{"E1010"});
  EXPECT_EQ(codes(with("runtime: lambda/provided, code: ./none, handler: x")),
            std::vector<std::string>{"E1010"});
}

}  // namespace
}  // namespace pelton::worker::native
