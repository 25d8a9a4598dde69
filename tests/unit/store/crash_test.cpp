// SPDX-License-Identifier: Apache-2.0
// kill -9 while appending: whatever was acknowledged is there, in order and without gaps.
#include "tests/unit/store/store_fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

namespace pelton::store {
namespace {

// Appends numbers to both partitions, with a cursor, each in one transaction, until it is killed;
// writes each to the pipe once it is acknowledged.
[[noreturn]] void append_for_ever(const Options& options, const StreamSpec& spec, int pipe) {
  const StreamSpec streams[] = {spec};
  auto store = Store::open(options, streams);
  if (!store) ::_exit(3);
  const StreamPartition at{*(*store)->find_stream("s"), PartitionId{0}};
  const StreamPartition twin{at.stream, PartitionId{1}};
  const BindingId binding = *(*store)->binding_id("b");
  for (std::int64_t n = (*store)->bounds(at)->end;; ++n) {
    model::BatchBuilder builder;
    const std::string data = std::to_string(n);
    model::EventView event;
    event.data = data;
    builder.add(event);
    Transaction transaction;
    const auto batch = builder.finish();
    transaction.appends.push_back({at, batch});
    transaction.appends.push_back({twin, batch});
    transaction.cursors.push_back({binding, at, {n + 1, {}}});
    auto done =
        (*store)->submit_and_wait(std::move(transaction), Origin::outside,
                                  std::chrono::steady_clock::now() + std::chrono::seconds(10));
    if (!done || done->bases.front() != n) ::_exit(4);
    if (::write(pipe, &n, sizeof n) != sizeof n) ::_exit(5);
  }
}

TEST_F(StoreFixture, WhatWasAcknowledgedSurvivesKill9) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  std::int64_t acknowledged = -1;
  for (int round = 0; round < 5; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    if (child == 0) append_for_ever(options, stream, pipe[1]);
    ::close(pipe[1]);
    const std::int64_t until = acknowledged + 5 + static_cast<std::int64_t>(random() % 200);
    std::int64_t n = 0;
    while (acknowledged < until && ::read(pipe[0], &n, sizeof n) == sizeof n) acknowledged = n;
    ::kill(child, SIGKILL);
    while (::read(pipe[0], &n, sizeof n) == sizeof n) acknowledged = n;
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
    open();
    const auto all = read();
    ASSERT_GE(static_cast<std::int64_t>(all.size()), acknowledged + 1);
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], std::to_string(i));
    ASSERT_EQ(read(0, 1), all);  // all of a transaction or nothing
    ASSERT_EQ(store->cursor(binding, at())->value().cursor, static_cast<Offset>(all.size()));
    store.reset();
  }
}

}  // namespace
}  // namespace pelton::store
