// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/runtime/engine_parts.h"

#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>

namespace pelton::runtime {
namespace {

using ::testing::ElementsAre;
using namespace std::chrono_literals;

// What both ends of the made-up system have in common. Thread-safe.
struct System {
  std::mutex mutex;
  std::vector<std::string> to_read;  // guarded by mutex, as the rest
  std::vector<std::string> written;
  std::size_t settled = 0;
  bool away = false;
  bool hangs = false;  // a sink's connect() does not return
  bool hanging = false;
  std::condition_variable changed;
  bool closed = false;
  std::thread::id sink_gone_on;

  template <typename Call>
  auto locked(Call call) {
    std::lock_guard lock(mutex);
    return call();
  }
};

struct MadeUpSource final : connector::Source {
  explicit MadeUpSource(System& on) : system(on) {}
  Status connect() override {
    return system.locked([&]() -> Status {
      if (system.away) return fail(ErrorKind::unavailable, "E9001", "away");
      return {};
    });
  }
  Result<connector::Read> read(model::BatchBuilder& into, std::size_t most, std::size_t,
                               std::chrono::steady_clock::time_point) override {
    return system.locked([&] {
      for (; most > 0 && !system.to_read.empty(); --most) {
        model::EventView event;
        event.data = system.to_read.front();
        event.has_data = true;
        into.add(event);
        system.to_read.erase(system.to_read.begin());
      }
      return connector::Read(++token);
    });
  }
  Status settle(connector::AckToken, connector::Settlement how) override {
    system.locked([&] { system.settled += how == connector::Settlement::done ? 1 : 0; });
    return {};
  }
  void close() override {
    system.locked([&] { system.closed = true; });
  }
  System& system;
  connector::AckToken token = 0;
};

struct MadeUpSink final : connector::Sink {
  explicit MadeUpSink(System& on) : system(on) {}
  Status connect() override {
    std::unique_lock lock(system.mutex);
    system.hanging = system.hangs;
    system.changed.wait(lock, [&] { return !system.hangs; });
    return {};
  }
  Result<std::vector<connector::SinkFailure>> write(const model::Batch& events,
                                                    const connector::SinkPosition&) override {
    return system.locked([&] {
      std::vector<connector::SinkFailure> failures;
      for (std::size_t i = 0; i < events.size(); ++i) {
        if (events.data(i) == "bad")
          failures.push_back({i, {ErrorKind::invalid, "E9002", "it cannot be written"}});
        else
          system.written.emplace_back(events.data(i));
      }
      return failures;
    });
  }
  void close() override {
    system.locked([&] { system.closed = true; });
  }
  ~MadeUpSink() override {
    system.locked([&] { system.sink_gone_on = std::this_thread::get_id(); });
  }
  System& system;
};

class ConnectorRunners : public EngineParts {
 protected:
  void SetUp() override {
    connector::ConnectorSpec& spec = connectors.front();
    spec.options.type = "made-up";
    spec.make_source =
        [this](
            const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Source>> {
      if (!refuse.empty()) return fail(ErrorKind::invalid, "E9003", "{}", refuse);
      consumption = context.consumption;
      return std::make_unique<MadeUpSource>(system);
    };
    spec.make_sink = [this](const connector::BuildContext&) {
      return Result<std::unique_ptr<connector::Sink>>(std::make_unique<MadeUpSink>(system));
    };
    spec.backoff_max = 10ms;
  }
  void connect(const std::string& name, config::Direction direction) {
    config::Connector& made = config.connectors.emplace_back();
    made.name = name;
    made.type = "made-up";
    made.direction = direction;
    made.stream = "s";
  }
  observe::ConnectorStatus status(bool of_sink) {
    observe::StatusReport report;
    if (of_sink)
      on_shard<bool>([&] {
        shard->report(report);
        return true;
      });
    else
      sources.report(report);
    EXPECT_EQ(report.connectors.size(), 1U);
    return report.connectors.at(0);
  }
  Offset settled_by_sink() {
    const auto progress = store->cursor(*store->binding_id("connector/out"),
                                        {*store->find_stream("s"), PartitionId{0}});
    return progress && *progress ? (*progress)->settled : 0;
  }
  Offset end() { return store->bounds({*store->find_stream("s"), PartitionId{0}})->end; }
  void stop_sources() { sources.stop(sources.names(), std::chrono::steady_clock::now() + 10s); }

  System system;
  std::string refuse;
  connector::Consumption* consumption = nullptr;
};

TEST_F(ConnectorRunners, WhatASourceReadsIsInItsStreamBeforeItIsSettled) {
  connect("in", config::Direction::source);
  system.to_read = {"a", "b", "c"};
  begin();
  ASSERT_TRUE(until([&] { return system.locked([&] { return system.settled > 0; }); }));
  EXPECT_EQ(end(), 3);
  const auto now = status(false);
  EXPECT_EQ(now.name, "in");
  EXPECT_EQ(now.direction, "source");
  EXPECT_EQ(now.events, 3U);
  EXPECT_THAT(sources.names(), ElementsAre("in"));
  stop_sources();
  EXPECT_TRUE(system.closed);
  EXPECT_TRUE(sources.names().empty());
}

TEST_F(ConnectorRunners, ASourceWhoseSystemIsAwaySaysSoAndConnectsAgain) {
  connect("in", config::Direction::source);
  system.away = true;
  begin();
  ASSERT_TRUE(until([&] { return status(false).state == "backing_off"; }));
  EXPECT_EQ(status(false).last_error, "E9001: away");
  system.locked([&] {
    system.away = false;
    system.to_read = {"a"};
  });
  ASSERT_TRUE(until([&] { return status(false).state == "running"; }));
  ASSERT_TRUE(until([&] { return end() == 1; }));
  stop_sources();
}

// A source that deletes what it has read waits until nobody needs it any more.
TEST_F(ConnectorRunners, WhatASourceHasReadIsConsumedOnceEveryReaderHasSettledIt) {
  connect("in", config::Direction::source);
  connect("out", config::Direction::sink);
  config.bindings.clear();
  config.functions.clear();
  begin();
  ASSERT_NE(consumption, nullptr);
  system.locked([&] { system.to_read = {"a", "b"}; });
  ASSERT_TRUE(until([&] { return end() == 2; }));
  const auto checkpoint = consumption->now();
  ASSERT_TRUE(checkpoint);
  EXPECT_TRUE(until([&] { return consumption->settled(*checkpoint).value_or(false); }));
  EXPECT_EQ(settled_by_sink(), 2);
  stop_sources();
}

TEST_F(ConnectorRunners, WithAReaderThatHasNotSettledItIsNotConsumed) {
  connect("in", config::Direction::source);
  begin();  // binding "b" has no worker
  system.locked([&] { system.to_read = {"a"}; });
  ASSERT_TRUE(until([&] { return end() == 1; }));
  const auto checkpoint = consumption->now();
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(consumption->settled(*checkpoint), false);
  stop_sources();
}

TEST_F(ConnectorRunners, OptionsThatAConnectorRefusesStopTheStart) {
  connect("in", config::Direction::source);
  refuse = "no such thing";
  const Status begun = switchover->begin(config);
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, "E9003");
  EXPECT_EQ(begun.error().message, "connector in: no such thing");
}

TEST_F(ConnectorRunners, ASinkWritesItsStreamAndItsProgressIsKept) {
  connect("out", config::Direction::sink);
  config.bindings.clear();
  config.functions.clear();
  begin();
  append({"a", "b"});
  append({"c"});
  ASSERT_TRUE(until([&] { return settled_by_sink() == 3; }));
  EXPECT_THAT(system.locked([&] { return system.written; }), ElementsAre("a", "b", "c"));
  const auto now = status(true);
  EXPECT_EQ(now.direction, "sink");
  EXPECT_EQ(now.state, "running");
  EXPECT_EQ(now.events, 3U);
}

TEST_F(ConnectorRunners, WhatASinkCannotWriteIsADeadLetter) {
  connect("out", config::Direction::sink);
  config.bindings.clear();
  config.functions.clear();
  begin();
  append({"a", "bad", "c"});
  ASSERT_TRUE(until([&] { return settled_by_sink() == 3; }));
  EXPECT_EQ(store->dead_letter_count(*store->binding_id("connector/out")), 1U);
  EXPECT_THAT(system.locked([&] { return system.written; }), ElementsAre("a", "c"));
}

TEST_F(ConnectorRunners, ASinkThatIsRemovedEndsAndKeepsItsPlace) {
  connect("out", config::Direction::sink);
  begin();
  append({"a"});
  ASSERT_TRUE(until([&] { return settled_by_sink() == 1; }));
  config::Config after = config;
  after.connectors.clear();
  ASSERT_TRUE(change(after));
  EXPECT_TRUE(system.locked([&] { return system.closed; }));
  append({"b"});
  std::swap(config, after);
  ASSERT_TRUE(change(after)) << "it comes back";
  ASSERT_TRUE(until([&] { return settled_by_sink() == 2; }));
  EXPECT_THAT(system.locked([&] { return system.written; }), ElementsAre("a", "b"));
}

// There functions have their workers, whose sockets and ends are watched on the shard, and bindings
// their inputs.
TEST_F(ConnectorRunners, WhatIsNotPutInServiceIsDestroyedOnTheShard) {
  begin();
  ending = true;
  config::Config after = config;
  config::Connector& sink = after.connectors.emplace_back();
  sink.name = "out";
  sink.type = "made-up";
  sink.direction = config::Direction::sink;
  sink.stream = "s";
  ASSERT_FALSE(change(after));
  const auto gone_on = [&] { return system.locked([&] { return system.sink_gone_on; }); };
  ASSERT_TRUE(until([&] { return gone_on() != std::thread::id(); }));
  EXPECT_EQ(gone_on(), on_shard<std::thread::id>([] { return std::this_thread::get_id(); }));
}

// Its thread cannot be joined without hanging as well.
TEST_F(ConnectorRunners, ASinkThatHangsIsNotWaitedForOnTheShard) {
  connect("out", config::Direction::sink);
  system.hangs = true;
  begin();
  ASSERT_TRUE(until([&] { return system.locked([&] { return system.hanging; }); }));
  config::Config after = config;
  after.connectors.clear();
  const config::Plan plan = config::plan(config, after, {});
  std::atomic<bool> over{false};
  Status changed;
  std::thread reload([&] {
    changed = switchover->change(config, after, changeover(config, after, plan),
                                 std::chrono::steady_clock::now(), broken);
    over = true;
  });
  // The shard answers all the while.
  while (!over) {
    const auto asked = std::chrono::steady_clock::now();
    (void)attempts("b");
    EXPECT_LT(std::chrono::steady_clock::now() - asked, 3s);
  }
  reload.join();
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, "E5013");
  EXPECT_EQ(changed.error().message, "out did not stop in time");
  system.locked([&] { system.hangs = false; });
  system.changed.notify_all();
}

}  // namespace
}  // namespace pelton::runtime
