// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/invoke/call_queue.h"
#include "engine/observe/status.h"
#include "engine/runtime/function_runner.h"
#include "engine/runtime/lineup.h"
#include "engine/runtime/memory_turns.h"
#include "engine/runtime/retirement.h"
#include "engine/runtime/served_binding.h"
#include "engine/stream/embedded/append_feed.h"
#include "engine/thread/mailbox.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace pelton::runtime {

// One thread with its io_context and everything that belongs to it: binding runners, functions with
// their worker processes, sinks. What is to run is built elsewhere and handed over.
class Shard final : public http::Calls {
 public:
  Shard(store::Store& store, MemoryBudget& memory, const Clock& clock);
  ~Shard() override;  // joins
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Before start(). Called on the shard every second.
  void on_sample(std::function<void(WallTime now)> call) { on_sample_ = std::move(call); }
  void start();
  // The same without threads: the caller runs io() and what is due of reader(), step by step.
  void start_stepped() {
    post([this] { sample(); });
  }
  // Any thread: runs on the shard.
  void post(thread::Mailbox::Call call) { mailbox_.post(std::move(call)); }
  thread::Mailbox& mailbox() { return mailbox_; }
  boost::asio::io_context& io() { return io_; }
  // Lives as long as the shard.
  UsageMeter& usage() { return usage_; }
  // Where inputs wait for the disk.
  thread::JobThread& reader() { return reader_; }
  // Any thread: answered by a worker of the function. A function that is not there is restarting,
  // or was removed.
  void call(http::Call&& call) override;
  // The store thread.
  void appended(std::span<const model::PlacedBatch> batches) { appends_.appended(batches); }
  // Where inputs hear of it.
  stream::AppendFeed& appends() { return appends_; }
  // Of its bindings.
  MemoryTurns& memory_turns() { return turns_; }
  // Any thread: partitions that waited for memory may read on.
  void memory_room();
  // Any thread, once: takes no more work.
  void quiesce();
  // Any thread, once: the same, waits for frames in flight (at most until the deadline) and their
  // commits, ends the workers, lets the streams go, then calls `done` on the shard.
  void drain(std::chrono::steady_clock::time_point deadline, std::function<void()> done);
  // After drain: ends the thread. What was posted and did not run, and what is posted from now on,
  // is dropped.
  void stop();

  // ---- on the shard
  // They start. Functions come before the bindings that they serve; the bindings are open.
  void add(std::unique_ptr<FunctionRunner> function);
  void add(std::unique_ptr<ServedBinding> binding);
  // Takes the parts out of service and destroys them; see Retirement. One at a time.
  void retire(const Lineup& parts, std::chrono::steady_clock::time_point deadline,
              Retirement::Done done);
  // Status names the parts in the order of the config.
  void arrange(const config::Config& config);
  BindingRunner* find_binding(std::string_view name);
  FunctionRunner* find_function(std::string_view name);
  // Fills the functions, bindings and sinks of the report.
  void report(observe::StatusReport& report);

 private:
  void sample();
  void forget(const Retirement::Setup& parts);

  store::Store& store_;
  const Clock& clock_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  thread::Mailbox mailbox_;
  thread::JobThread reader_;
  stream::AppendFeed appends_;  // outlives the inputs
  UsageMeter usage_;            // outlives the functions
  MemoryTurns turns_;           // the same of the bindings
  std::vector<std::unique_ptr<ServedBinding>> bindings_;
  // Calls by function. They outlive it: a reload replaces it.
  std::map<std::string, std::unique_ptr<http::CallQueue>> calls_;
  std::vector<std::unique_ptr<FunctionRunner>> functions_;
  std::unique_ptr<Retirement> retirement_;
  std::function<void(WallTime)> on_sample_;
  store::DiskRoom disk_room_ = store::DiskRoom::plenty;
  thread::Timer sampler_;
  std::thread thread_;
};

}  // namespace pelton::runtime
