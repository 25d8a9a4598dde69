// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/engine.h"

#include "engine/base/memory_budget.h"
#include "engine/base/units.h"
#include "engine/config/config_text.h"
#include "engine/dead_letters/dead_letter_access.h"
#include "engine/http/admin/server.h"
#include "engine/observe/log.h"
#include "engine/observe/process_status.h"
#include "engine/runtime/admin_operations.h"
#include "engine/runtime/assembly.h"
#include "engine/runtime/clock_watch.h"
#include "engine/runtime/dead_letter_replay.h"
#include "engine/runtime/function_access.h"
#include "engine/runtime/meter_readings.h"
#include "engine/runtime/reloader.h"
#include "engine/thread/watchdog.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <malloc.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace pelton::runtime {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr const char* kDraining = "draining";
// Sources may take so long to settle what is in flight once the rest is drained.
constexpr auto kSourceGrace = std::chrono::seconds(2);
// What has not ended this long after the deadline hangs: more than all else may take.
constexpr auto kEndGrace = Retirement::kGrace + kSourceGrace + std::chrono::seconds(3);

std::vector<std::string> reasons_not_ready(std::string_view state, const store::Store& store) {
  std::vector<std::string> reasons;
  if (state != "running") reasons.emplace_back(state);
  if (store.failed()) reasons.emplace_back("the store has failed");
  if (store.disk_room() != store::DiskRoom::plenty)
    reasons.emplace_back("E4105: the disk is nearly full: intake is held back");
  return reasons;
}

// What keeps connectors and bindings from their work. An orchestrator sends no traffic meanwhile;
// it restarts by /livez, not by this.
void add_troubles(observe::StatusReport& report) {
  for (const observe::ConnectorStatus& connector : report.connectors)
    if (connector.state == "failed")
      report.not_ready.push_back(
          fmt::format("connector {} has failed: {}", connector.name, connector.last_error));
  for (const observe::BindingStatus& binding : report.bindings)
    if (!binding.trouble.empty())
      report.not_ready.push_back(fmt::format("binding {} {}: {}", binding.name,
                                             binding.ended ? "has ended" : "makes no progress",
                                             binding.trouble));
}

// A thread hangs in a call: a connector whose system does not answer, or a plan or reload on a disk
// or network folder that does not. It cannot be joined.
void end_without_the_rest() {
  observe::log::error(
      "a connector, plan or reload has not ended in time: exiting without it; everything "
      "acknowledged is on disk");
  observe::log::finish(std::chrono::milliseconds(200));
  std::_Exit(EXIT_FAILURE);
}

// What the admin API is served by.
struct AdminParts {
  dead_letters::DeadLetterAccess dead_letters;
  AdminOperations operations;
  MeterReadings metering;
  FunctionAccess functions;
  std::unique_ptr<http::Server> server{};
};

// The engine between start and end: what run() waits in. The starting thread's.
class Engine {
 public:
  Engine(const config::Config& config, std::span<const connector::ConnectorSpec> connectors,
         const RunOptions& options)
      : config_(config), connectors_(connectors), options_(options) {}
  // Also of an engine that did not start, or only in part.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Status start();
  Status wait();

 private:
  void await_signals();
  void on_signal(int signal);
  void await_hangup();
  void on_failure(const std::string& what, const Error& error);
  Status build();
  Status serve();
  void begin_drain();
  void fill(observe::StatusReport& report);
  void end_threads();
  void keep_usage();

  const config::Config& config_;  // as at the start
  const std::span<const connector::ConnectorSpec> connectors_;
  const RunOptions& options_;
  MemoryBudget memory_{
      config_.engine.memory.value_or(default_memory())};  // outlives all that claims
  ClockWatch time_;
  boost::asio::io_context io_{1};  // the starting thread's: signals and the way to the end
  struct {
    boost::asio::signal_set stop, hangup;
  } signals_{boost::asio::signal_set(io_), boost::asio::signal_set(io_, SIGHUP)};
  std::unique_ptr<store::Store> store_;
  kafka::PollLoop kafka_;  // outlives the shard's consumers, of which its calls speak
  dead_letters::DeadLetters letters_{kafka_};
  std::unique_ptr<observe::FunctionLog> function_log_;  // outlives the shard's functions
  std::unique_ptr<Shard> shard_;
  std::unique_ptr<stream::Streams> streams_;
  std::unique_ptr<Assembly> assembly_;
  std::unique_ptr<Reloader> reloader_;
  thread::Watchdog end_watch_;  // armed while threads are told to end
  std::unique_ptr<AdminParts> admin_;
  std::atomic<const char*> state_{"starting"};
  WallTime started_{};
  Status result_;
};

Status Engine::start() {
  started_ = time_.clock().now();
  // Before any thread: they inherit the mask, and workers that die must not end us with SIGPIPE.
  std::signal(SIGPIPE, SIG_IGN);
  signals_.stop.add(SIGTERM);
  signals_.stop.add(SIGINT);
  await_signals();
  await_hangup();
  if (auto ok = build(); !ok) return ok;
  if (auto ok = serve(); !ok) return ok;
  letters_.start();
  shard_->start();
  reloader_->start();
  state_ = "running";
  return {};
}

Status Engine::build() {
  auto store = open_store(config_, memory_);
  if (!store) return std::unexpected(store.error());
  store_ = std::move(*store);
  store_->set_notice_listener([](const std::string& sentence) { observe::log::warn(sentence); });
  store_->set_failure_listener([this](const Error& error) {
    boost::asio::post(io_, [this, error] {
      on_failure("the store failed; nothing is acknowledged any more, the engine ends", error);
    });
  });
  function_log_ = std::make_unique<observe::FunctionLog>(config_.engine.data);
  shard_ = std::make_unique<Shard>(*store_, memory_, time_.clock());
  if (auto ok = shard_->usage().load(); !ok) return ok;
  memory_.on_room([this] { shard_->memory_room(); });
  streams_ = std::make_unique<stream::Streams>(
      stream::Streams::Setup{*store_, memory_, shard_->mailbox(), shard_->io(), shard_->reader(),
                             shard_->appends(), kafka_, letters_});
  assembly_ = std::make_unique<Assembly>(Assembly{
      connectors_, time_.clock(), *function_log_, memory_, *store_, *shard_, *streams_,
      std::make_unique<Notices>(), std::make_unique<http::DurableRoutes>(time_.clock(), &memory_),
      options_.sdks, config_.engine.data, config_.engine.data / "functions"});
  reloader_ = std::make_unique<Reloader>(
      Reloader::Setup{*assembly_, options_.load, options_.reloaded,
                      [this](const Error& error) {
                        boost::asio::post(io_, [this, error] {
                          on_failure(
                              "neither the new config nor the old one could be put in "
                              "service; the engine ends",
                              error);
                        });
                      },
                      time_.clock()},
      config_);
  return reloader_->begin();
}

Status Engine::serve() {
  shard_->on_sample([this](WallTime now) {
    streams_->sample(now);
    reloader_->sources().sample(now);
    time_.look();
  });
  store_->set_append_listener(
      [this](std::span<const model::PlacedBatch> batches) { shard_->appended(batches); });
  admin_ = std::make_unique<AdminParts>(AdminParts{
      {*store_,
       [&shard = *shard_](std::vector<model::DeadLetter> letters, auto answer) {
         replay_letters(shard, std::move(letters), std::move(answer));
       },
       reloader_->bindings(), *letters_.thread()},
      {*store_, *shard_, *reloader_, [this](observe::StatusReport& report) { fill(report); }},
      {*shard_, shard_->usage(), time_.clock()},
      {*shard_, *reloader_}});
  http::ServerOptions listen{config_.engine.data / "admin.sock", std::nullopt};
  if (config_.engine.http) listen.tcp = {config_.engine.http->host, config_.engine.http->port};
  auto server = http::Server::start(listen, {*streams_, admin_->dead_letters, admin_->operations,
                                             admin_->metering, admin_->functions});
  if (!server) return std::unexpected(server.error());
  admin_->server = std::move(*server);
  return {};
}

Status Engine::wait() {
  if (options_.ready) options_.ready(admin_->server->tcp_address());
  io_.run();
  end_threads();
  // A log file that refused a write is not closed: RocksDB would write to it once more, and where
  // it is built with its assertions, as Debian's is, that aborts. All that was acknowledged is
  // synced.
  if (store_->failed()) std::_Exit(EXIT_FAILURE);
  keep_usage();
  return result_;
}

// The store drains and closes before what asked it for commits goes; what it answers now is
// dropped. The memory that the rest gives back is of use to nobody any more.
Engine::~Engine() {
  end_threads();
  store_.reset();
  memory_.on_room({});
}

void Engine::await_hangup() {
  signals_.hangup.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    observe::log::info("SIGHUP: reloading the config",
                       {{"config", config::shown_names(config_.files)}});
    reloader_->reload([](const config::Review&) {});
    await_hangup();
  });
}

void Engine::await_signals() {
  signals_.stop.async_wait([this](const boost::system::error_code& error, int signal) {
    if (!error) on_signal(signal);
  });
}

void Engine::on_signal(int signal) {
  if (state_.load() == kDraining) {
    observe::log::warn("second signal: exiting now; everything acknowledged is on disk");
    observe::log::finish(std::chrono::milliseconds(200));
    std::_Exit(130);
  }
  const Duration timeout = reloader_->current()->engine.shutdown_timeout;
  observe::log::info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"},
                                  {"deadline", format_duration(timeout)}});
  await_signals();
  begin_drain();
}

void Engine::on_failure(const std::string& what, const Error& error) {
  observe::log::error(what, {{"error", error.text()}});
  state_ = "failed";
  result_ = std::unexpected(error);
  end_watch_.arm(std::chrono::steady_clock::now() + kEndGrace, end_without_the_rest);
  io_.stop();
}

// Sources stop reading, workers get no more; frames in flight are waited for, then io_ ends. A
// reload that is under way ends first: what it takes out of service has an earlier deadline.
void Engine::begin_drain() {
  state_ = kDraining;
  const SteadyTime deadline =
      std::chrono::steady_clock::now() + reloader_->current()->engine.shutdown_timeout;
  end_watch_.arm(deadline + kEndGrace, end_without_the_rest);
  Sources& sources = reloader_->sources();
  sources.begin_stop(sources.names(), deadline);
  reloader_->listeners().stop_serving();
  shard_->quiesce();
  reloader_->finish([this, deadline, &sources] {
    sources.begin_stop(sources.names(), deadline);
    shard_->drain(deadline, [this] {
      assembly_->durable_routes->stop();
      boost::asio::post(io_, [this] { io_.stop(); });
    });
  });
}

// All but the store's. Idempotent.
void Engine::end_threads() {
  if (reloader_) {
    reloader_->stop();
    Sources& sources = reloader_->sources();
    sources.stop(sources.names(), std::chrono::steady_clock::now() + kSourceGrace);
    reloader_->listeners().stop();
  }
  if (admin_) admin_->server.reset();
  kafka_.stop();
  letters_.stop();
  if (shard_) shard_->stop();
  end_watch_.disarm();
}

void Engine::keep_usage() {
  if (auto ok = shard_->usage().finish(time_.clock().now()); !ok)
    observe::log::warn("what functions used last is not stored", {{"error", ok.error().text()}});
}

void Engine::fill(observe::StatusReport& report) {
  report.version = options_.version;
  report.pid = ::getpid();
  report.started = started_;
  report.now = time_.clock().now();
  report.config = config::shown_names(config_.files);
  report.data = config_.engine.data.string();
  report.state = state_;
  report.config_status = reloader_->status();
  streams_->report(report);
  reloader_->sources().report(report);
  reloader_->listeners().report(report);
  shard_->report(report);
  const store::Store::Activity activity = store_->activity();
  report.store_commits = activity.commits;
  report.store_fsyncs = activity.syncs;
  report.store_transactions = activity.transactions;
  report.store_group_commits = activity.group_commits;
  report.memory_limit = memory_.limit();
  for (const MemoryUse use : kMemoryUses)
    report.memory.emplace_back(to_string(use), memory_.claimed(use));
  report.process = observe::read_process_status();
  report.not_ready = reasons_not_ready(state_.load(), *store_);
  add_troubles(report);
  report.ready = report.not_ready.empty();
}

// A block of a MiB or more goes back to the system when it is freed. By default glibc raises that
// limit to 32 MiB as it meets such blocks, and what large events leave behind stays resident.
void return_large_blocks() {
  constexpr int kLarge = 1 << 20;
  constexpr int kKeptAtTop = 16 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kLarge);
  ::mallopt(M_TRIM_THRESHOLD, kKeptAtTop);
}

}  // namespace

Status run(const config::Config& config, std::span<const connector::ConnectorSpec> connectors,
           const RunOptions& options) {
  return_large_blocks();
  Engine engine(config, connectors, options);
  if (auto ok = engine.start(); !ok) return ok;
  return engine.wait();
}

}  // namespace pelton::runtime
