// SPDX-License-Identifier: Apache-2.0
#include "engine/observe/line_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace pelton::observe {
namespace {

class LineFileTest : public testing::Test {
 protected:
  LineFileTest() {
    std::string name = testing::TempDir() + "/lines-XXXXXX";
    folder = ::mkdtemp(name.data());
    path = folder / "log";
  }
  ~LineFileTest() override { std::filesystem::remove_all(folder); }

  std::unique_ptr<LineFile> opened() {
    auto file = LineFile::open(path, [this](std::uint64_t lines) { told += lines; });
    EXPECT_TRUE(file);
    return std::move(*file);
  }
  static std::string content(const std::filesystem::path& file) {
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }

  // Until the line has been written, to whichever file.
  void push_and_wait(LineFile& file, std::string_view line) const {
    const auto size = [this] { return content(path).size() + content(folder / "log.1").size(); };
    const std::size_t before = size();
    file.push(line);
    while (size() == before) std::this_thread::yield();
  }

  std::filesystem::path folder, path;
  std::atomic<std::uint64_t> told = 0;
};

TEST_F(LineFileTest, AppendsWhatItIsGiven) {
  std::ofstream(path) << "old\n";
  opened()->push("new");
  {
    const auto file = opened();
    for (int i = 0; i < 1000; ++i) file->push("line");
    EXPECT_EQ(file->dropped(), 0U);
  }
  std::string all = "old\nnew\n";
  for (int i = 0; i < 1000; ++i) all += "line\n";
  EXPECT_EQ(content(path), all);
}

TEST_F(LineFileTest, AFileThatWasMovedIsMadeAnew) {
  const auto file = opened();
  file->push("first");
  while (content(path).empty()) std::this_thread::yield();
  std::filesystem::rename(path, folder / "log.1");
  // Whoever rotates a log waits until its writer has noticed.
  while (!std::filesystem::exists(path)) push_and_wait(*file, "next");
  while (!content(path).ends_with("next\n")) std::this_thread::yield();
  EXPECT_TRUE(content(folder / "log.1").starts_with("first\n"));
  EXPECT_EQ(file->dropped(), 0U);
}

TEST_F(LineFileTest, WhatIsNoFileIsRefused) {
  for (const std::string& name : {folder.string(), (folder / "missing" / "log").string(),
                                  std::string("/dev/null"), (folder / "pipe").string()}) {
    ::mkfifo((folder / "pipe").c_str(), 0600);
    const auto file = LineFile::open(name, [](std::uint64_t) {});
    ASSERT_FALSE(file) << name;
    EXPECT_EQ(file.error().code, "E5032");
    EXPECT_FALSE(LineFile::check(name));
  }
  EXPECT_TRUE(LineFile::check(path));
}

TEST_F(LineFileTest, ADiskThatTakesNoMoreLosesWholeLinesAndIsToldOf) {
  // A limit of the process behaves like a full disk: a part of a write succeeds, then none.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto file = opened();
  const rlimit full{1000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &full);
  for (int i = 0; i < 300; ++i) file->push("a line");
  while (told == 0) {
    file->push("a line");
    std::this_thread::yield();
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_DFL);
  push_and_wait(*file, "last");
  std::istringstream lines(content(path));
  std::size_t torn = 0;
  for (std::string line; std::getline(lines, line);) torn += line != "a line" && line != "last";
  EXPECT_LE(torn, 1U);
}

TEST_F(LineFileTest, WhatWaitsIsBounded) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const int own = ::dup(STDERR_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
  auto file = LineFile::open("/dev/stderr", [](std::uint64_t) {});
  ::dup2(own, STDERR_FILENO);
  ::close(own);
  ASSERT_TRUE(file) << "a pipe of the process's own is one";
  const std::string line(100'000, 'x');
  for (std::size_t sent = 0; sent < 3 * LineFile::kMaxBytes; sent += line.size())
    (*file)->push(line);
  EXPECT_GT((*file)->dropped(), 0U) << "nobody reads, and nobody waits";
  ::close(ends[0]);
  ::close(ends[1]);
  std::signal(SIGPIPE, SIG_IGN);
  file->reset();
}

}  // namespace
}  // namespace pelton::observe
