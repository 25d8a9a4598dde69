// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/connector.h"
#include "engine/config/parts/function.h"
#include "engine/observe/status.h"
#include "engine/runtime/binding_runner.h"
#include "engine/runtime/function_runner.h"
#include "engine/runtime/rate.h"
#include "engine/runtime/sink_runner.h"
#include "engine/stream/embedded/append_feed.h"
#include "engine/stream/embedded/embedded_input.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace pelton::runtime {

// One thread with its io_context and everything that belongs to it: binding runners, functions with
// their worker processes, sinks. Built and opened on the starting thread, then only touched through
// post().
class Shard {
 public:
  Shard(store::Store& store, const Clock& clock);
  ~Shard();  // joins
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // ---- before start()
  BindingRunner& add_binding(BindingRunner::Setup setup, std::unique_ptr<stream::Input> input);
  // The same on an embedded stream, whose appends the shard passes on.
  BindingRunner& add_embedded(BindingRunner::Setup setup, stream::EmbeddedInput::Setup input);
  void add_function(const config::Function& function, std::vector<BindingRunner*> bindings,
                    worker::PoolOptions options, worker::LineListener lines);
  void add_sink(const config::Connector& connector, std::unique_ptr<connector::Sink> sink,
                BindingRunner& binding, connector::SinkPacing pacing);
  // Called on the shard every second.
  void on_sample(std::function<void(WallTime now)> call) { on_sample_ = std::move(call); }
  // Restores the bindings from the store.
  Status open();

  void start();
  // Any thread: runs on the shard.
  void post(thread::Mailbox::Call call) { mailbox_.post(std::move(call)); }
  thread::Mailbox& mailbox() { return mailbox_; }
  boost::asio::io_context& io() { return io_; }
  // The store thread.
  void appended(std::span<const model::PlacedBatch> batches) {
    if (feed_) feed_->appended(batches);
  }
  // Any thread, once: takes no more work, waits for frames in flight (at most until the deadline)
  // and their commits, ends the workers, lets the streams go, then calls `done` on the shard.
  void drain(std::chrono::steady_clock::time_point deadline, std::function<void()> done);
  // After drain: ends the thread.
  void stop();

  // ---- on the shard
  BindingRunner* find_binding(std::string_view name);
  FunctionRunner* find_function(std::string_view name);
  // Fills the functions, bindings and sinks of the report.
  void report(observe::StatusReport& report);

 private:
  struct Binding {
    std::unique_ptr<BindingRunner> runner;
    Rate done;
  };
  void sample();
  void wait_idle(std::chrono::steady_clock::time_point deadline, std::function<void()> done);
  void stop_inputs(std::chrono::steady_clock::time_point deadline, std::function<void()> done);
  void stop_pools(std::chrono::steady_clock::time_point deadline, std::function<void()> done);

  store::Store& store_;
  const Clock& clock_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  thread::Mailbox mailbox_;
  std::vector<Binding> bindings_;
  std::vector<stream::EmbeddedInput*> embedded_;  // inputs of bindings_
  std::vector<std::unique_ptr<SinkRunner>> sinks_;
  std::vector<std::unique_ptr<FunctionRunner>> functions_;
  std::unique_ptr<stream::AppendFeed> feed_;
  std::function<void(WallTime)> on_sample_;
  store::DiskRoom disk_room_ = store::DiskRoom::plenty;
  thread::Timer sampler_;
  thread::Timer idle_poll_;
  std::thread thread_;
};

}  // namespace pelton::runtime
