// SPDX-License-Identifier: Apache-2.0
#include "engine/thread/job_thread.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <vector>

namespace pelton::thread {
namespace {

TEST(JobThread, RunsJobsInTheOrderOfTheirTime) {
  JobThread thread;
  std::vector<int> order;
  std::promise<void> done;
  thread.run_after(std::chrono::milliseconds(30), [&] {
    order.push_back(3);
    done.set_value();
  });
  thread.run([&] { order.push_back(1); });
  thread.run([&] { order.push_back(2); });
  thread.start();
  done.get_future().wait();
  thread.stop();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(JobThread, EndsWithTheJobAtHandAndDropsTheRest) {
  JobThread thread;
  std::promise<void> begun;
  bool late = false;
  thread.start();
  thread.run([&] {
    begun.set_value();
    while (!thread.stopping()) std::this_thread::yield();
  });
  thread.run([&late] { late = true; });
  begun.get_future().wait();
  thread.stop();
  EXPECT_FALSE(late);
}

TEST(JobThread, WithoutAThreadTheCallerRunsWhatIsDue) {
  JobThread jobs;
  std::vector<int> order;
  jobs.run_after(std::chrono::hours(1), [&] { order.push_back(3); });
  jobs.run([&] {
    order.push_back(1);
    jobs.run([&] { order.push_back(2); });
  });
  EXPECT_TRUE(jobs.run_due());
  EXPECT_EQ(order, (std::vector{1, 2}));
  EXPECT_FALSE(jobs.run_due());
}

TEST(JobThread, AJobMayAskForAnother) {
  JobThread thread;
  thread.start();
  std::promise<int> answer;
  thread.run([&] { thread.run([&] { answer.set_value(7); }); });
  EXPECT_EQ(answer.get_future().get(), 7);
}

}  // namespace
}  // namespace pelton::thread
