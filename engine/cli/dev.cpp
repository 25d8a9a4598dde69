// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/background.h"
#include "engine/cli/child_engine.h"
#include "engine/cli/code_watch.h"
#include "engine/cli/commands.h"
#include "engine/cli/config_file.h"
#include "engine/cli/earlier_config.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/plan_text.h"
#include "engine/cli/print.h"
#include "engine/config/config_text.h"
#include "engine/config/included.h"
#include "engine/observe/log.h"

#include <CLI/App.hpp>
#include <poll.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <thread>
#include <utility>

namespace pelton::cli {
namespace {

namespace fs = std::filesystem;

// Without a change for this long, whoever writes has finished; who never does is not waited for.
constexpr int kQuietMs = 200;
constexpr auto kBusy = std::chrono::seconds(2);
// An engine that has just been started answers within this time, or it has ended.
constexpr auto kAnswersWithin = std::chrono::seconds(10);
constexpr auto kAskEvery = std::chrono::milliseconds(50);

std::string named(std::string_view text) {
  return observe::log::escaped(text);
}

using AnyClient = Result<std::unique_ptr<Client>>;

// The engine once it answers: it may have been started just now.
AnyClient engine_of(const fs::path& data, const std::atomic<bool>& leaving) {
  const auto end = std::chrono::steady_clock::now() + kAnswersWithin;
  for (;;) {
    auto client = Client::connect({.data = data.string()});
    if (client || leaving || std::chrono::steady_clock::now() >= end) return client;
    std::this_thread::sleep_for(kAskEvery);
  }
}

bool runs(const fs::path& data) {
  auto client = Client::connect({.data = data.string()});
  const auto answer = client ? (*client)->get("/v1/status") : std::unexpected(client.error());
  const auto status = answer ? parse_object(*answer) : std::unexpected(answer.error());
  return status && text_of(*status, "state") == "running";
}

// An engine, and what is done to it when the files that it was made of change. What takes as long
// as workers take happens in the background, so that a later change overtakes it.
class Development {
 public:
  Development(const Files& files, const ImportWords& import)
      : files_(files), import_(import.options()), words_(import.arguments()) {
    import_.opened = [this](const fs::path& file) { included_.push_back(file); };
  }

  Result<int> run();

 private:
  Status begin();
  void look_at_config();
  void start();
  void start(const Files& files);
  void start_earlier();
  void restart();
  std::optional<int> wait_for_something();
  std::set<fs::path> changes();
  std::optional<int> on_signal();
  void on_end();
  void on_change();
  void on_running();
  void act();
  void reload();
  void reloaded(const Result<boost::json::object>& review);
  void renew(const std::string& function);
  void renewed(const std::string& function, std::uint64_t number, const Status& how);

  const Files files_;
  importer::Options import_;
  std::vector<std::string> words_;                     // of `run`, before the files
  std::map<std::string, std::vector<fs::path>> code_;  // of each function
  std::vector<fs::path> included_;
  fs::path data_;
  std::set<fs::path> pending_;  // changed, and not applied
  bool reloading_ = false;
  std::map<std::string, std::uint64_t> asked_;  // how often each function was renewed
  enum class Engine { starting, running, stopping } engine_ = Engine::starting;
  ConfigTexts starting_with_, ran_with_;
  fs::path ran_in_;                       // the data folder of ran_with_
  std::optional<EarlierConfig> earlier_;  // with which it runs instead of files_
  std::atomic<bool> leaving_ = false;     // the end was asked for
  UniqueFd signals_;
  CodeWatch watch_;
  Background background_;  // ends once the engine has
  ChildEngine child_;
};

Status Development::begin() {
  sigset_t ends;
  sigemptyset(&ends);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ends, signal);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  signals_.reset(::signalfd(-1, &ends, SFD_CLOEXEC));
  std::signal(SIGPIPE, SIG_IGN);
  EarlierConfig::remove_left(files_);
  if (auto ok = background_.open(); !ok) return ok;
  return watch_.open();
}

// What it says of a config with errors is shown by whoever uses the config.
void Development::look_at_config() {
  included_.clear();
  const config::Loaded loaded = load_config(files_, import_);
  if (loaded.config) {
    data_ = loaded.config->engine.data;
    code_.clear();
    for (const auto& function : loaded.config->functions)
      for (const config::FunctionFile& file : function.files)
        if (file.what == "code") code_[function.name].push_back(file.path);
  }
  const ConfigTexts texts = texts_of(files_);
  for (std::size_t i = 0; i < texts.size(); ++i)
    for (fs::path& file : config::included_files(texts[i], config::folder_of(files_[i])))
      included_.push_back(std::move(file));
  std::vector<fs::path> paths(files_.begin(), files_.end());
  paths.insert(paths.end(), included_.begin(), included_.end());
  for (const auto& [function, files] : code_) paths.insert(paths.end(), files.begin(), files.end());
  watch_.watch(paths, data_);
}

void Development::start() {
  earlier_.reset();
  pending_.clear();
  starting_with_ = texts_of(files_);
  look_at_config();
  start(files_);
}

void Development::start(const Files& files) {
  std::vector<std::string> words = words_;
  for (const fs::path& file : files) words.push_back(file.string());
  engine_ = Engine::starting;
  // Also with a bad config: the engine says what is wrong with it.
  if (const auto started = child_.start(words); !started)
    note("pelton: {}\n", started.error().text());
}

// The way back from a config with which the engine does not start.
void Development::start_earlier() {
  starting_with_ = std::exchange(ran_with_, {});
  data_ = ran_in_;
  earlier_ = EarlierConfig::write(files_, starting_with_);
  if (!earlier_) return;
  note("pelton: the engine continues with the config that it had before\n");
  start(earlier_->files());
}

void Development::restart() {
  note("pelton: restarting the engine\n");
  engine_ = Engine::stopping;
  child_.signal(SIGTERM);
}

void Development::on_running() {
  if (engine_ != Engine::starting) return;
  engine_ = Engine::running;
  ran_with_ = starting_with_;
  ran_in_ = data_;
}

void Development::reload() {
  // The earlier config is not what it is to reload.
  if (earlier_) {
    const config::Loaded loaded = load_config(files_, import_);
    for (const config::Diagnostic& problem : loaded.problems) note("{}\n", problem.text());
    if (loaded.config) return restart();
    note_not_reloaded();
    return look_at_config();
  }
  reloading_ = true;
  background_.begin([this, data = data_]() -> Background::Rest {
    const auto client = engine_of(data, leaving_);
    const auto answer =
        client ? (*client)->review("POST", "/v1/config/reload") : std::unexpected(client.error());
    auto review = answer ? parse_object(*answer) : std::unexpected(answer.error());
    return [this, review = std::move(review)] { reloaded(review); };
  });
}

void Development::reloaded(const Result<boost::json::object>& review) {
  reloading_ = false;
  if (!review) {
    note("pelton: {}\n", review.error().text());
    return act();
  }
  on_running();  // it has answered
  print_review(*review);
  const int code = exit_code_of(*review);
  if (code == kConflict) return restart();
  if (code == kOk)
    ran_with_ = texts_of(files_);
  else
    note_not_reloaded();
  look_at_config();
  act();
}

void Development::renew(const std::string& function) {
  const std::uint64_t number = ++asked_[function];
  background_.begin([this, function, number, data = data_]() -> Background::Rest {
    const auto client = engine_of(data, leaving_);
    const auto answer =
        client ? (*client)->post("/v1/functions/" + url_encoded(function) + "/restart", "")
               : std::unexpected(client.error());
    const Status how = answer ? Status() : std::unexpected(answer.error());
    return [this, function, number, how] { renewed(function, number, how); };
  });
}

void Development::renewed(const std::string& function, std::uint64_t number, const Status& how) {
  if (leaving_ || asked_[function] != number) return;  // a later change has taken its place
  if (how)
    note("pelton: {} runs the new code\n", named(function));
  else
    note("pelton: {} continues with the old code: {}\n", named(function), how.error().text());
}

void Development::on_change() {
  pending_.merge(changes());
  background_.finish();  // of what was asked for before
  if (pending_.empty()) return;
  if (!child_.running()) return start();
  act();
}

// A reload comes first: it may change which code is whose.
void Development::act() {
  if (reloading_ || leaving_ || engine_ == Engine::stopping || !child_.running()) return;
  const auto has_changed = [this](const fs::path& path) {
    return pending_.contains(fs::absolute(path).lexically_normal());
  };
  std::vector<std::string> functions;
  for (const auto& [function, files] : code_)
    if (std::ranges::any_of(files, has_changed)) functions.push_back(function);
  const bool config =
      std::ranges::any_of(files_, has_changed) || std::ranges::any_of(included_, has_changed);
  pending_.clear();
  if (config) {
    // What has changed is in these folders still when that is done.
    for (const std::string& function : functions)
      for (const fs::path& path : code_[function])
        pending_.insert(fs::absolute(path).lexically_normal());
    return reload();
  }
  for (const std::string& function : functions) renew(function);
}

// All of what is being written: compilers and editors change several files, or one in steps.
std::set<fs::path> Development::changes() {
  const auto end = std::chrono::steady_clock::now() + kBusy;
  std::set<fs::path> all;
  std::array ready{pollfd{watch_.fd(), POLLIN, 0}, pollfd{signals_.get(), POLLIN, 0}};
  do all.merge(watch_.changed());
  while (::poll(ready.data(), ready.size(), kQuietMs) > 0 && ready[1].revents == 0 &&
         std::chrono::steady_clock::now() < end);
  return all;
}

// A terminal's Ctrl-C has reached the engine as well: a second signal would end it at once.
std::optional<int> Development::on_signal() {
  signalfd_siginfo info{};
  if (::read(signals_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  const bool from_terminal = info.ssi_signo == SIGINT && info.ssi_code == SI_KERNEL;
  leaving_ = true;
  if (!child_.running()) return kOk;
  if (!from_terminal) child_.signal(SIGTERM);
  return std::nullopt;
}

void Development::on_end() {
  const int code = child_.wait();
  const auto was = std::exchange(engine_, Engine::starting);
  if (was == Engine::stopping) return start();
  const bool back = was == Engine::starting && !ran_with_.empty() && !earlier_;
  note("pelton: the engine has ended with exit code {}{}\n", code,
       back ? "" : "; it starts again when a file changes");
  if (back) start_earlier();
}

std::optional<int> Development::wait_for_something() {
  std::array ready{pollfd{signals_.get(), POLLIN, 0}, pollfd{child_.fd(), POLLIN, 0},
                   pollfd{background_.fd(), POLLIN, 0}, pollfd{watch_.fd(), POLLIN, 0}};
  const bool asks = child_.running() && engine_ == Engine::starting;
  const int patience = asks ? static_cast<int>(std::chrono::milliseconds(kAskEvery).count()) : -1;
  if (::poll(ready.data(), ready.size(), patience) <= 0) {
    if (asks && runs(data_)) on_running();
    return std::nullopt;
  }
  if (ready[0].revents != 0) return on_signal();
  if (ready[1].revents != 0) {
    if (leaving_) return child_.wait();
    on_end();
    return std::nullopt;
  }
  if (ready[2].revents != 0)
    background_.finish();
  else if (leaving_)
    watch_.changed();  // of no interest any more
  else
    on_change();
  return std::nullopt;
}

Result<int> Development::run() {
  if (std::ranges::find(files_, fs::path("-")) != files_.end())
    return fail(ErrorKind::invalid, "E5004", "standard input cannot be watched: give a file");
  if (auto ok = begin(); !ok) return std::unexpected(ok.error());
  start();
  for (;;)
    if (const auto code = wait_for_something()) return *code;
}

}  // namespace

void add_dev(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand(
      "dev", "run the engine, and apply changes of the config and of functions as they are saved");
  auto files = std::make_shared<std::vector<std::string>>();
  add_config_files(*command, *files);
  auto import = std::make_shared<ImportWords>();
  add_import_options(*command, *import);
  command->footer(
      "A changed config file, or a file that it includes, is reloaded; the engine is restarted\n"
      "where a reload cannot do it, with the config that it had before if it does not start with\n"
      "the new one. A function whose code changes gets new workers; if they cannot start, the old\n"
      "ones continue. A later change takes the place of one that is being applied.\n"
      "Not watched: hidden folders and files, node_modules, __pycache__, venv, engine.data.\n"
      "Example: pelton dev pelton.yaml");
  command->callback([&chosen, files, import] {
    chosen = [files, import] { return Development({files->begin(), files->end()}, *import).run(); };
  });
}

}  // namespace pelton::cli
