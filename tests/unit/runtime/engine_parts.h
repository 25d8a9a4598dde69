// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch_builder.h"
#include "engine/runtime/switchover.h"
#include "engine/worker/runtimes/native/options.h"
#include "tests/contract/temporary_folder.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace pelton::runtime {

// An engine without an end: store, shard and what is built for it.
class EngineParts : public ::testing::Test {
 protected:
  EngineParts() {
    config.engine.data = folder.path() / "data";
    config.streams.emplace_back().name = "s";
    config.functions.emplace_back().name = "f";
    config.functions.back().runtime = "cpp";
    config.functions.back().settings = worker::native::CppOptions{"/bin/true"};
    config.bindings = {binding("b")};
    store = std::move(*open_store(config, memory));
    shard = std::make_unique<Shard>(*store, memory, clock);
    streams = std::make_unique<stream::Streams>(
        stream::Streams::Setup{*store, memory, shard->mailbox(), shard->io(), shard->reader(),
                               shard->appends(), kafka, letters});
    store->set_append_listener(
        [this](std::span<const model::PlacedBatch> batches) { shard->appended(batches); });
    assembly = std::make_unique<Assembly>(Assembly{connectors,
                                                   clock,
                                                   function_log,
                                                   memory,
                                                   *store,
                                                   *shard,
                                                   *streams,
                                                   std::make_unique<Notices>(),
                                                   std::make_unique<http::DurableRoutes>(clock),
                                                   {},
                                                   {},
                                                   {}});
    listeners = std::make_unique<Listeners>(
        Listeners::Setup{*shard, *assembly->notices, *assembly->durable_routes, *streams});
    switchover = std::make_unique<Switchover>(
        Switchover::Setup{*assembly, known, sources, *listeners, ending, stopping});
  }
  // As the engine does: answers of the store find a shard.
  ~EngineParts() override {
    sources.stop(sources.names(), std::chrono::steady_clock::now() + std::chrono::seconds(10));
    listeners->stop();
    shard->stop();
    store.reset();
  }

  static config::Binding binding(const std::string& name) {
    config::Binding binding = config::default_binding(name);
    binding.from = "s";
    binding.function = "f";
    return binding;
  }
  void begin() {
    ASSERT_TRUE(switchover->begin(config));
    shard->start();
    switchover->begin_sources(config);
  }
  Status change(const config::Config& after) {
    const config::Plan plan = config::plan(config, after, {});
    return switchover->change(config, after, changeover(config, after, plan),
                              std::chrono::steady_clock::now() + std::chrono::seconds(10), broken);
  }
  template <typename T>
  T on_shard(const std::function<T()>& call) {
    std::promise<T> answer;
    shard->post([&] { answer.set_value(call()); });
    return answer.get_future().get();
  }
  static bool until(const std::function<bool()>& over) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!over() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return over();
  }
  static model::BatchPtr batch(const std::vector<std::string>& data) {
    model::BatchBuilder builder;
    for (const std::string& text : data) {
      model::EventView event;
      event.data = text;
      event.has_data = true;
      builder.add(event);
    }
    return builder.finish();
  }
  // Durable when it returns.
  void append(const std::vector<std::string>& data, std::uint32_t partition = 0) {
    model::Transaction transaction;
    transaction.appends.push_back(
        {{*store->find_stream("s"), PartitionId{partition}}, batch(data)});
    ASSERT_TRUE(
        store->submit_and_wait(std::move(transaction), store::Origin::outside,
                               std::chrono::steady_clock::now() + std::chrono::seconds(10)));
  }
  // The end of a partition, as the binding that reads it has heard of it.
  Offset heard(const std::string& name, std::uint32_t partition = 0) {
    return on_shard<Offset>(
        [&] { return shard->find_binding(name)->view(PartitionId{partition}).end; });
  }
  // The attempts that a binding that runs makes; 0: there is none.
  std::uint32_t attempts(const std::string& name) {
    std::promise<std::uint32_t> answer;
    shard->post([&] {
      BindingRunner* const runner = shard->find_binding(name);
      answer.set_value(runner == nullptr ? 0
                                         : runner->dispatcher().options().delivery.retry.attempts);
    });
    return answer.get_future().get();
  }
  // What the store has of a binding that is not there yet contradicts its stream.
  void damage(const std::string& name) {
    model::Transaction transaction;
    transaction.progress.push_back({*store->binding_id(name),
                                    {*store->find_stream("s"), PartitionId{0}},
                                    {.settled = 99, .completed = {}}});
    ASSERT_TRUE(
        store->submit_and_wait(std::move(transaction), store::Origin::engine,
                               std::chrono::steady_clock::now() + std::chrono::seconds(10)));
  }

  std::vector<connector::ConnectorSpec> connectors{1};  // for tests to fill in
  test::TemporaryFolder folder;
  SystemClock clock;
  observe::FunctionLog function_log{folder.path() / "data"};
  MemoryBudget memory{256U << 20};
  config::Config config;
  std::unique_ptr<store::Store> store;
  dead_letters::KnownBindings known;
  kafka::PollLoop kafka;
  dead_letters::DeadLetters letters{kafka};
  std::unique_ptr<Shard> shard;
  std::unique_ptr<stream::Streams> streams;
  std::unique_ptr<Assembly> assembly;
  Sources sources;
  std::atomic<bool> ending{false};
  std::atomic<bool> stopping{false};
  std::unique_ptr<Listeners> listeners;
  std::unique_ptr<Switchover> switchover;
  bool broken = false;
};

}  // namespace pelton::runtime
