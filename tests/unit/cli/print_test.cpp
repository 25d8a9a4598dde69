// SPDX-License-Identifier: Apache-2.0
// Output that does not arrive.
#include "engine/cli/print.h"

#include "engine/cli/app.h"
#include "tests/unit/cli/command_fixture.h"

#include <fcntl.h>
#include <unistd.h>

namespace pelton::cli {
namespace {

constexpr const char* kFull = "/dev/full";
constexpr const char* kSaid = "cannot write to standard output: No space left on device";

class FullOutput : public CommandTest, public testing::WithParamInterface<const char*> {};

TEST_P(FullOutput, IsAFailureWithItsReason) {
  engine.append("s", 0, {"one", "two"});
  engine.letter(1, "boom");
  std::vector<std::string> words;
  std::istringstream in(GetParam());
  for (std::string word; in >> word;) words.push_back(word);
  EXPECT_EQ(ask(words).code, kOk) << "with room";
  const Ran ran = ask(words, "", kFull);
  EXPECT_EQ(ran.code, kFailure);
  if (words.back() == "json")
    EXPECT_EQ(ran.err, std::string(R"({"error":{"code":"E5020","kind":"unavailable","message":")") +
                           kSaid + "\"}}\n");
  else
    EXPECT_EQ(ran.err, std::string("pelton: E5020: ") + kSaid + "\n");
}

INSTANTIATE_TEST_SUITE_P(Commands, FullOutput,
                         testing::Values("consume s", "consume s -o raw", "status",
                                         "status -o json", "status --check", "dead-letters list",
                                         "dead-letters list -o json",
                                         "dead-letters show job/0/1/0000000000000000",
                                         "dead-letters export", "dead-letters replay --dry-run",
                                         "dead-letters purge --yes", "offsets list",
                                         "offsets list -o json", "functions restart work",
                                         "streams forget old-stream --yes", "reload -o json"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase_if(name, [](char c) { return !std::isalnum(c); });
                           return name;
                         });

// Messages that cannot be written change nothing else.
TEST(BrokenStandardError, DoesNotChangeTheExitCode) {
  const auto run_with = [](int errors, const std::vector<std::string>& words) {
    std::vector<const char*> arguments{"pelton"};
    for (const std::string& word : words) arguments.push_back(word.c_str());
    const Replaced replaced(STDERR_FILENO, errors);
    return run_command_line(static_cast<int>(arguments.size()), arguments.data());
  };
  const UniqueFd full(::open(kFull, O_WRONLY | O_CLOEXEC));
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ::close(ends[0]);
  const UniqueFd nobody(ends[1]);
  for (const int errors : {full.get(), nobody.get()}) {
    EXPECT_EQ(run_with(errors, {"validate", "/no/such.yaml"}), kConfigInvalid);
    EXPECT_EQ(run_with(errors, {"status", "--data", "/no/such"}), kNotReachable);
    EXPECT_EQ(run_with(errors, {"status", "--wtach"}), kUsage);
  }
}

TEST(FullOutputWithoutAnEngine, IsAFailureAsWell) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"version"},
                                             {"describe"},
                                             {"describe", "binding"},
                                             {"schema"},
                                             {"--help"},
                                             {"--version"},
                                             {"produce", "--help"}}) {
    const Ran ran = run_words(words, "", kFull);
    EXPECT_EQ(ran.code, kFailure) << words.front();
    EXPECT_EQ(ran.err, std::string("pelton: E5020: ") + kSaid + "\n") << words.front();
  }
}

// More than any buffer holds: the command ends with the first piece that does not arrive.
TEST_F(CommandTest, ALongOutputEndsAtTheFirstFailure) {
  engine.append("s", 0, std::vector<std::string>(2000, std::string(1000, 'x')));
  const Ran ran = ask({"consume", "s"}, "", kFull);
  EXPECT_EQ(ran.code, kFailure);
  EXPECT_LE(engine.reads, 2);
}

TEST(Print, FormatsLikeFmt) {
  testing::internal::CaptureStdout();
  print("{} of {}\n", 1, "two");
  write_out(std::string_view("a\0b", 3));
  flush_out();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), std::string("1 of two\na\0b", 12));
}

}  // namespace
}  // namespace pelton::cli
