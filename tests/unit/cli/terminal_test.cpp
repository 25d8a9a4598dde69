// SPDX-License-Identifier: Apache-2.0
// What is said only to people: questions, colours and bars.
#include "engine/cli/app.h"
#include "tests/unit/cli/command_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

namespace pelton::cli {
namespace {

using testing::HasSubstr;

// A terminal in place of one of the standard descriptors.
class Terminal {
 public:
  explicit Terminal(int fd) : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_EQ(::grantpt(master_.get()), 0);
    EXPECT_EQ(::unlockpt(master_.get()), 0);
    slave_.reset(::open(::ptsname(master_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    termios modes{};
    EXPECT_EQ(::tcgetattr(slave_.get(), &modes), 0);
    ::cfmakeraw(&modes);
    EXPECT_EQ(::tcsetattr(slave_.get(), TCSANOW, &modes), 0);
    replaced_.emplace(fd, slave_.get());
  }
  void type(std::string_view text) const {
    EXPECT_EQ(::write(master_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  // What was written to it so far.
  std::string shown() const {
    std::string text;
    for (pollfd entry{master_.get(), POLLIN, 0}; ::poll(&entry, 1, 0) == 1;) {
      char bytes[4096];
      const ssize_t got = ::read(master_.get(), bytes, sizeof bytes);
      if (got <= 0) break;
      text.append(bytes, static_cast<std::size_t>(got));
    }
    return text;
  }

 private:
  const UniqueFd master_;
  UniqueFd slave_;
  std::optional<Replaced> replaced_;
};

// The answer to a question, and what was asked.
std::pair<bool, std::string> answered(std::string_view typed) {
  const Terminal terminal(STDIN_FILENO);
  terminal.type(typed);
  testing::internal::CaptureStderr();
  const bool yes = confirm("Remove for good?");
  return {yes, testing::internal::GetCapturedStderr()};
}

TEST(Confirm, OnlyYesIsYes) {
  EXPECT_EQ(answered("y\n"), std::pair(true, std::string("Remove for good? [y/N] ")));
  EXPECT_TRUE(answered("yes\n").first);
  for (const char* no : {"n\n", "\n", "Y es\n", "yep\n"}) EXPECT_FALSE(answered(no).first) << no;
}

TEST(Confirm, WithoutATerminalNothingIsAskedAndItIsNo) {
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Replaced input(STDIN_FILENO, null.get());
  testing::internal::CaptureStderr();
  EXPECT_FALSE(confirm("Sure?"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(ProgressBar, IsDrawnOnATerminal) {
  const Terminal terminal(STDERR_FILENO);
  {
    ProgressBar bar("files", 2000);
    EXPECT_THAT(terminal.shown(), HasSubstr("\rfiles [" + std::string(30, ' ') + "] 0/2,000"));
    bar.advance(1000);
    EXPECT_THAT(terminal.shown(),
                HasSubstr("[" + std::string(15, '#') + std::string(15, ' ') + "] 1,000/2,000"));
    bar.advance(1);
    EXPECT_EQ(terminal.shown(), "") << "it has not moved";
    bar.advance(999);
    EXPECT_THAT(terminal.shown(), HasSubstr("[" + std::string(30, '#') + "] 2,000/2,000"));
  }
  EXPECT_EQ(terminal.shown(), "\n");
}

TEST(ProgressBar, IsNotDrawnElsewhereAndNotForNothing) {
  testing::internal::CaptureStderr();
  { ProgressBar("files", 3).advance(3); }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  const Terminal terminal(STDERR_FILENO);
  { ProgressBar("files", 0).advance(0); }
  EXPECT_EQ(terminal.shown(), "");
}

TEST(Paint, IsForTerminalsWhoseOwnerWantsIt) {
  EXPECT_EQ(painted(Paint::alarm, "x"), "x");
  const Terminal terminal(STDOUT_FILENO);
  EXPECT_EQ(painted(Paint::alarm, "x"), "\x1b[31mx\x1b[0m");
  EXPECT_EQ(painted(Paint::heading, "x"), "\x1b[1mx\x1b[0m");
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_EQ(painted(Paint::alarm, "x"), "x");
  ::unsetenv("NO_COLOR");
}

// An event must not steer the terminal that it is shown on.
TEST_F(CommandTest, OnATerminalEventsAreEscaped) {
  engine.append("s", 0, {"\x1b[2Jgone"});
  EXPECT_EQ(data_of("s"), "\x1b[2Jgone\n") << "elsewhere they are as they are";
  ask({"status"});
  std::string shown;
  {
    const Terminal terminal(STDOUT_FILENO);
    const char* words[] = {"pelton", "consume", "s", "-o", "raw", "--socket", nullptr};
    const std::string path = socket();
    words[6] = path.c_str();
    EXPECT_EQ(run_command_line(7, words), kOk);
    shown = terminal.shown();
  }
  EXPECT_EQ(shown, "\\x1b[2Jgone\n");
}

}  // namespace
}  // namespace pelton::cli
