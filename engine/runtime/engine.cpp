// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/engine.h"

#include "engine/base/units.h"
#include "engine/http/admin/server.h"
#include "engine/observe/log.h"
#include "engine/observe/process_status.h"
#include "engine/runtime/admin.h"
#include "engine/runtime/assembly.h"
#include "engine/runtime/clock_watch.h"
#include "engine/runtime/source_runner.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace pelton::runtime {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// Sources may take so long to settle what is in flight once the rest is drained.
constexpr auto kSourceGrace = std::chrono::seconds(2);

// The engine between start and end: what run() waits in. The starting thread's.
class Engine {
 public:
  Engine(const config::Config& config, const RunOptions& options)
      : config_(config), options_(options) {}

  Status start(std::span<const connector::ConnectorSpec> connectors);
  Status wait();

 private:
  void on_signal(int signal);
  void await_hangup();
  void on_failure(const Error& error);
  void begin_drain();
  void fill(observe::StatusReport& report);
  void fill_streams(observe::StatusReport& report);
  std::vector<std::string> reasons_not_ready();
  void sample(WallTime now);
  void shut();

  struct StreamRate {
    std::uint64_t first = 0;  // ends of all partitions at start
    Rate rate;
  };

  const config::Config& config_;
  const RunOptions& options_;
  ClockWatch time_;
  boost::asio::io_context io_{1};  // the starting thread's: signals and the way to the end
  boost::asio::signal_set signals_{io_};
  boost::asio::signal_set hangups_{io_, SIGHUP};
  std::unique_ptr<store::Store> store_;
  Admin::Targets targets_;
  kafka::PollLoop kafka_;  // outlives the shard's consumers, of which its calls speak
  std::map<std::string, std::unique_ptr<kafka::Producer>> producers_;  // of topics written to
  dead_letters::DeadLetters letters_{kafka_};
  std::unique_ptr<Shard> shard_;
  std::vector<std::unique_ptr<SourceRunner>> sources_;
  std::vector<std::unique_ptr<StoreLedger>> ledgers_;  // of the sinks
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<http::Server> server_;
  std::map<std::string, StreamRate> stream_rates_;  // the shard's
  std::atomic<const char*> state_{"starting"};
  WallTime started_{};
  bool draining_ = false;
  Status result_;
};

std::uint64_t total_end(store::Store& store, const stream::StreamTarget& target) {
  std::uint64_t total = 0;
  for (std::uint32_t p = 0; p < target.partitions(); ++p)
    if (auto bounds = store.bounds({target.stream(), PartitionId{p}}))
      total += static_cast<std::uint64_t>(bounds->end);
  return total;
}

Status Engine::start(std::span<const connector::ConnectorSpec> connectors) {
  started_ = time_.clock().now();
  // Before any thread: they inherit the mask, and workers that die must not end us with SIGPIPE.
  std::signal(SIGPIPE, SIG_IGN);
  signals_.add(SIGTERM);
  signals_.add(SIGINT);
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (!error) on_signal(signal);
  });
  await_hangup();
  auto store = open_store(config_);
  if (!store) return std::unexpected(store.error());
  store_ = std::move(*store);
  store_->set_notice_listener([](const std::string& sentence) { observe::log::warn(sentence); });
  store_->set_failure_listener(
      [this](const Error& error) { boost::asio::post(io_, [this, error] { on_failure(error); }); });
  targets_ = make_targets(config_, *store_);
  shard_ = std::make_unique<Shard>(*store_, time_.clock());
  admin_ = std::make_unique<Admin>(*store_, *shard_, targets_, kafka_,
                                   [this](observe::StatusReport& report) { fill(report); });
  Assembly assembly{config_, connectors, *store_,    *shard_,  targets_, *admin_,
                    kafka_,  letters_,   producers_, sources_, ledgers_, options_.sdk_python};
  auto sources = assemble(assembly);
  if (!sources) return std::unexpected(sources.error());
  admin_->look_for_letters_on(letters_.thread());
  for (std::size_t i = 0; i < sources_.size(); ++i) sources_[i]->attach(std::move((*sources)[i]));
  if (auto ok = shard_->open(); !ok) return ok;
  for (const auto& [name, target] : targets_)
    stream_rates_[name].first = total_end(*store_, *target);
  shard_->on_sample([this](WallTime now) { sample(now); });
  store_->set_append_listener(
      [this](std::span<const model::PlacedBatch> batches) { shard_->appended(batches); });
  http::ServerOptions listen{config_.engine.data / "admin.sock", std::nullopt};
  if (config_.engine.http) listen.tcp = {config_.engine.http->host, config_.engine.http->port};
  auto server = http::Server::start(listen, {*admin_, *admin_, *admin_});
  if (!server) return std::unexpected(server.error());
  server_ = std::move(*server);
  if (std::ranges::any_of(config_.streams, [](const auto& s) { return s.kafka.has_value(); }))
    kafka_.start();
  letters_.start();
  shard_->start();
  for (auto& source : sources_) source->start();
  state_ = "running";
  return {};
}

Status Engine::wait() {
  if (options_.ready) options_.ready(server_->tcp_address());
  io_.run();
  shut();
  return result_;
}

// A closed terminal or a script that means "reload" must not end the engine without a drain.
void Engine::await_hangup() {
  hangups_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    observe::log::warn("SIGHUP ignored: restart the engine to apply a changed config",
                       {{"config", config_.file.string()}});
    await_hangup();
  });
}

void Engine::on_signal(int signal) {
  if (draining_) {
    observe::log::warn("second signal: exiting now; everything acknowledged is on disk");
    observe::log::finish(std::chrono::milliseconds(200));
    std::_Exit(130);
  }
  observe::log::info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"},
                                  {"deadline", format_duration(config_.engine.shutdown_timeout)}});
  signals_.async_wait([this](const boost::system::error_code& error, int again) {
    if (!error) on_signal(again);
  });
  begin_drain();
}

void Engine::on_failure(const Error& error) {
  observe::log::error("the store failed; nothing is acknowledged any more, the engine ends",
                      {{"error", error.text()}});
  state_ = "failed";
  result_ = std::unexpected(error);
  io_.stop();
}

// Sources stop reading, workers get no more; frames in flight are waited for, then io_ ends.
void Engine::begin_drain() {
  draining_ = true;
  state_ = "draining";
  const SteadyTime deadline = std::chrono::steady_clock::now() + config_.engine.shutdown_timeout;
  for (auto& source : sources_) source->begin_stop(deadline);
  shard_->drain(deadline, [this] { boost::asio::post(io_, [this] { io_.stop(); }); });
}

void Engine::shut() {
  const SteadyTime deadline = std::chrono::steady_clock::now() + kSourceGrace;
  for (auto& source : sources_) source->begin_stop(deadline);
  for (auto& source : sources_) source->stop(deadline);
  server_.reset();
  kafka_.stop();
  letters_.stop();
  shard_->stop();
  // A log file that refused a write is not closed: RocksDB would write to it once more, and where
  // it is built with its assertions, as Debian's is, that aborts. All that was acknowledged is
  // synced.
  if (store_->failed()) std::_Exit(EXIT_FAILURE);
  // Drains and closes: callbacks of its last commits go to a mailbox that nobody empties.
  store_.reset();
}

void Engine::sample(WallTime now) {
  for (auto& [name, stream] : stream_rates_)
    stream.rate.sample(total_end(*store_, *targets_.at(name)), now);
  for (auto& source : sources_) source->rate.sample(source->snapshot().events, now);
  time_.look();
}

void Engine::fill_streams(observe::StatusReport& report) {
  for (const config::Stream& stream : config_.streams) {
    if (stream.kafka) continue;  // the lag of its bindings says what is to be said of a topic
    const stream::StreamTarget& target = *targets_.at(stream.name);
    observe::StreamStatus status;
    status.name = stream.name;
    for (std::uint32_t p = 0; p < target.partitions(); ++p) {
      auto stats = store_->stats({target.stream(), PartitionId{p}});
      if (!stats) continue;
      status.partitions.push_back({p, stats->bounds.earliest, stats->bounds.end, stats->bytes});
      status.appended += static_cast<std::uint64_t>(stats->bounds.end);
      status.dropped_unsettled += stats->dropped_unsettled;
    }
    const StreamRate& rate = stream_rates_.at(stream.name);
    status.appended -= rate.first;
    status.appended_per_second = rate.rate.per_second();
    report.streams.push_back(std::move(status));
  }
}

std::vector<std::string> Engine::reasons_not_ready() {
  std::vector<std::string> reasons;
  if (std::string_view(state_) != "running") reasons.emplace_back(state_);
  if (store_->failed()) reasons.emplace_back("the store has failed");
  if (!store_->accepts_intake())
    reasons.emplace_back("E4105: the disk is nearly full: intake is held back");
  return reasons;
}

void Engine::fill(observe::StatusReport& report) {
  report.version = options_.version;
  report.pid = ::getpid();
  report.started = started_;
  report.now = time_.clock().now();
  report.config = config_.file.string();
  report.data = config_.engine.data.string();
  report.state = state_;
  fill_streams(report);
  for (auto& source : sources_) {
    report.connectors.push_back(connector_status(source->settings(), source->snapshot()));
    report.connectors.back().events_per_second = source->rate.per_second();
  }
  shard_->report(report);
  report.store_commits = store_->commits();
  report.store_fsyncs = store_->syncs();
  const store::Store::Timings timings = store_->timings();
  report.store_transactions = timings.transactions;
  report.store_group_commits = timings.group_commits;
  report.process = observe::read_process_status();
  report.not_ready = reasons_not_ready();
  for (const observe::ConnectorStatus& connector : report.connectors)
    if (connector.state == "failed")
      report.not_ready.push_back(
          fmt::format("connector {} has failed: {}", connector.name, connector.last_error));
  report.ready = report.not_ready.empty();
}

}  // namespace

Status run(const config::Config& config, std::span<const connector::ConnectorSpec> connectors,
           const RunOptions& options) {
  Engine engine(config, options);
  if (auto ok = engine.start(connectors); !ok) return ok;
  return engine.wait();
}

}  // namespace pelton::runtime
