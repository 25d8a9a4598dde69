// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cli/command_fixture.h"

#include "engine/cli/app.h"

#include <fcntl.h>
#include <stdio_ext.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>

namespace pelton::cli {
namespace {

UniqueFd holding(std::string_view text) {
  UniqueFd file(::memfd_create("input", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
  return file;
}

int run_to(const std::vector<std::string>& words, const char* output) {
  std::vector<const char*> arguments{"pelton"};
  for (const std::string& word : words) arguments.push_back(word.c_str());
  if (output == nullptr)
    return run_command_line(static_cast<int>(arguments.size()), arguments.data());
  std::fflush(stdout);
  const UniqueFd file(::open(output, O_WRONLY | O_CLOEXEC));
  const Replaced replaced(STDOUT_FILENO, file.get());
  const int code = run_command_line(static_cast<int>(arguments.size()), arguments.data());
  ::__fpurge(stdout);  // what could not be written
  std::clearerr(stdout);
  return code;
}

}  // namespace

Replaced::Replaced(int fd, int by) : fd_(fd), kept_(::dup(fd)) {
  EXPECT_EQ(::dup2(by, fd), fd);
}

Replaced::~Replaced() {
  ::dup2(kept_.get(), fd_);
}

Ran run_words(const std::vector<std::string>& words, std::string_view input, const char* output) {
  const UniqueFd text = holding(input);
  const Replaced replaced(STDIN_FILENO, text.get());
  Ran ran;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  ran.code = run_to(words, output);
  ran.out = testing::internal::GetCapturedStdout();
  ran.err = testing::internal::GetCapturedStderr();
  return ran;
}

Ran CommandTest::ask(std::vector<std::string> words, std::string_view input, const char* output) {
  if (!server_) {
    http::ServerOptions options;
    options.socket = socket();
    auto started = http::Server::start(options, engine.all());
    EXPECT_TRUE(started) << started.error().message;
    if (started) server_ = std::move(*started);
  }
  words.insert(words.end(), {"--socket", socket()});
  return run_words(words, input, output);
}

std::string CommandTest::data_of(const std::string& stream) {
  return ask({"consume", stream, "-o", "raw"}).out;
}

std::string CommandTest::file(const std::string& name, const std::string& text) const {
  test::write_file(folder_.path() / name, text);
  return (folder_.path() / name).string();
}

}  // namespace pelton::cli
