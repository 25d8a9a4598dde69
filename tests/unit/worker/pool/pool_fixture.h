// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/function.h"
#include "engine/worker/pool/worker_pool.h"
#include "tests/contract/temporary_folder.h"
#include "tests/unit/worker/pool/fake_source.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace pelton::worker {

// A pool of real worker processes on an io_context that the test runs.
class PoolFixture : public ::testing::Test {
 protected:
  PoolFixture();

  // A hostile or strange worker: tests/unit/worker/workers/strange.py in the given mode.
  void strange(const std::string& mode);
  // A Python function with the given source.
  void python(const std::string& source, const std::string& handler = "function:handle");

  // A pool that has not started.
  void make();
  void start();
  // Events, one each.
  void give(const std::vector<std::string>& data);
  // The same for the second source.
  void give_second(const std::vector<std::string>& data);
  // Runs the io_context until the condition holds; false when it does not in time.
  bool run_until(const std::function<bool()>& condition,
                 std::chrono::milliseconds patience = std::chrono::seconds(20));
  // How many old workers a renewal ended, or why there was none. Runs the io_context meanwhile.
  Result<std::size_t> renewed();
  bool stop(std::chrono::milliseconds deadline = std::chrono::seconds(5));
  std::string lines_text() const;

  boost::asio::io_context io{1};
  config::Function function;
  PoolOptions options{.sdks = PELTON_TEST_SDKS};
  FakeSource source;
  FakeSource second;  // of the same function
  std::vector<std::string> lines;
  test::TemporaryFolder folder;
  std::unique_ptr<WorkerPool> pool;
};

}  // namespace pelton::worker
