// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/function.h"
#include "engine/worker/pool/worker_pool.h"
#include "tests/contract/temporary_folder.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace pelton::worker {

// Frames that wait, and what came of those that were given out.
class FakeSource final : public WorkSource {
 public:
  bool has_work() override { return !waiting.empty(); }
  std::optional<model::Frame> pull(WorkerId worker, const model::FrameLimits& limits) override;
  Status finished(WorkerId worker, FrameId frame, model::FrameResult&& result) override;
  void lost(WorkerId worker, const model::WorkerLoss& loss) override;

  std::deque<std::string> waiting;       // data of events to be given out
  std::map<FrameId, std::uint32_t> out;  // frames with workers: events not answered
  std::vector<model::FrameResult> results;
  std::vector<model::WorkerLoss> losses;
  std::vector<std::uint32_t> frame_sizes;
  std::size_t done = 0;  // events answered
  std::size_t late = 0;  // results of frames that are not out
  std::size_t workers_used() const { return used_.size(); }

 private:
  std::uint64_t next_ = 1;
  std::map<FrameId, WorkerId> owner_;
  std::map<WorkerId, int> used_;
};

// A pool of real worker processes on an io_context that the test runs.
class PoolFixture : public ::testing::Test {
 protected:
  PoolFixture();

  // A hostile or strange worker: tests/unit/worker/workers/strange.py in the given mode.
  void strange(const std::string& mode);
  // A Python function with the given source.
  void python(const std::string& source, const std::string& handler = "function:handle");

  void start();
  // Events, one each.
  void give(const std::vector<std::string>& data);
  // Runs the io_context until the condition holds; false when it does not in time.
  bool run_until(const std::function<bool()>& condition,
                 std::chrono::milliseconds patience = std::chrono::seconds(20));
  bool stop(std::chrono::milliseconds deadline = std::chrono::seconds(5));
  std::string lines_text() const;

  boost::asio::io_context io{1};
  config::Function function;
  PoolOptions options{.sdk_python = PELTON_TEST_SDK};
  FakeSource source;
  std::vector<std::string> lines;
  test::TemporaryFolder folder;
  std::unique_ptr<WorkerPool> pool;
};

}  // namespace pelton::worker
