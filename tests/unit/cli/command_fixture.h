// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/unique_fd.h"
#include "engine/cli/output.h"
#include "engine/http/admin/server.h"
#include "tests/contract/temporary_folder.h"
#include "tests/unit/http/fake_backend.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

namespace pelton::cli {

// Resource. A descriptor of the process is another one until the end.
class Replaced {
 public:
  Replaced(int fd, int by);
  ~Replaced();
  Replaced(const Replaced&) = delete;
  Replaced& operator=(const Replaced&) = delete;

 private:
  const int fd_;
  const UniqueFd kept_;
};

// What a command printed, and how it ended.
struct Ran {
  int code = -1;
  std::string out, err;
};

// Runs a command line in this process, with the text as standard input. `output`: a file instead of
// what is captured.
Ran run_words(const std::vector<std::string>& words, std::string_view input = "",
              const char* output = nullptr);

// Commands against an engine in memory that has the stream "s" and the binding "job" of the
// function "work", and serves the admin API on a socket of its own.
class CommandTest : public ::testing::Test {
 protected:
  CommandTest() { engine.stream("s", 1); }
  ~CommandTest() override { server_.reset(); }

  // The words, and where the engine is; it is started by the first call.
  Ran ask(std::vector<std::string> words, std::string_view input = "",
          const char* output = nullptr);
  // The data of the stream's events, a line each.
  std::string data_of(const std::string& stream);
  std::string file(const std::string& name, const std::string& text) const;
  std::string socket() const { return (folder_.path() / "admin.sock").string(); }

  http::FakeBackend engine;  // set up before the first call of ask()

 private:
  const test::TemporaryFolder folder_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace pelton::cli
