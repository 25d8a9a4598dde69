// SPDX-License-Identifier: Apache-2.0
// kill -9 while appending: whatever was acknowledged is there, in order and without gaps.
#include "tests/unit/store/store_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

namespace pelton::store {
namespace {

// Starts store_appender on the folder; what it acknowledges comes out of the descriptor.
pid_t start_appender(const std::filesystem::path& data, int& acknowledged) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(pipe[1], STDOUT_FILENO);
    ::execl(PELTON_STORE_APPENDER, "store_appender", data.c_str(), static_cast<char*>(nullptr));
    ::_exit(6);
  }
  ::close(pipe[1]);
  acknowledged = pipe[0];
  return child;
}

TEST_F(StoreFixture, WhatWasAcknowledgedSurvivesKill9) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  std::int64_t acknowledged = -1;
  for (int round = 0; round < 5; ++round) {
    int pipe = -1;
    const pid_t child = start_appender(options.data, pipe);
    ASSERT_GT(child, 0);
    const std::int64_t until = acknowledged + 5 + static_cast<std::int64_t>(random() % 200);
    std::int64_t n = 0;
    while (acknowledged < until && ::read(pipe, &n, sizeof n) == sizeof n) acknowledged = n;
    ::kill(child, SIGKILL);
    while (::read(pipe, &n, sizeof n) == sizeof n) acknowledged = n;
    ::close(pipe);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
    open();
    const auto all = read();
    ASSERT_GE(static_cast<std::int64_t>(all.size()), acknowledged + 1);
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], std::to_string(i));
    ASSERT_EQ(read(0, 1), all);  // all of a transaction or nothing
    ASSERT_EQ(store->cursor(binding, at())->value().settled, static_cast<Offset>(all.size()));
    store.reset();
  }
}

}  // namespace
}  // namespace pelton::store
