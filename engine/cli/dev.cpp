// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/child_engine.h"
#include "engine/cli/code_watch.h"
#include "engine/cli/commands.h"
#include "engine/cli/config_file.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/plan_text.h"
#include "engine/cli/print.h"
#include "engine/observe/log.h"

#include <CLI/App.hpp>
#include <poll.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <thread>

namespace pelton::cli {
namespace {

namespace fs = std::filesystem;

// Without a change for this long, whoever writes has finished.
constexpr int kQuietMs = 200;
// An engine that has just been started answers within this time, or it has ended.
constexpr auto kAnswersWithin = std::chrono::seconds(10);
constexpr auto kAskEvery = std::chrono::milliseconds(50);

std::string named(std::string_view text) {
  return observe::log::escaped(text);
}

// An engine, and what is done to it when the files that it was made of change. The process's only
// thread.
class Development {
 public:
  Development(const Files& files, const ImportWords& import)
      : files_(files), import_(import.options()), words_(import.arguments()) {
    for (const fs::path& file : files) words_.push_back(file.string());
  }

  Result<int> run();

 private:
  Status begin();
  void look_at_config();
  void start();
  void restart();
  std::optional<int> wait_for_something();
  std::set<fs::path> changes();
  std::optional<int> on_signal();
  void on_end();
  void on_change();
  void reload();
  void renew(const std::string& function);
  Result<std::unique_ptr<Client>> engine() const;

  const Files files_;
  const importer::Options import_;
  std::vector<std::string> words_;                     // of `run`
  std::map<std::string, std::vector<fs::path>> code_;  // of each function
  fs::path data_;
  bool valid_ = false;    // the config, when it was last read
  bool leaving_ = false;  // the end was asked for
  UniqueFd signals_;
  CodeWatch watch_;
  ChildEngine child_;
};

Status Development::begin() {
  sigset_t ends;
  sigemptyset(&ends);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ends, signal);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  signals_.reset(::signalfd(-1, &ends, SFD_CLOEXEC));
  std::signal(SIGPIPE, SIG_IGN);
  return watch_.open();
}

// What it says of a config with errors is shown by whoever uses the config.
void Development::look_at_config() {
  const config::Loaded loaded = load_config(files_, import_);
  valid_ = loaded.config.has_value();
  if (valid_) {
    data_ = loaded.config->engine.data;
    code_.clear();
    for (const auto& function : loaded.config->functions)
      for (const config::FunctionFile& file : function.files)
        if (file.what == "code") code_[function.name].push_back(file.path);
  }
  std::vector<fs::path> paths(files_.begin(), files_.end());
  for (const auto& [function, files] : code_) paths.insert(paths.end(), files.begin(), files.end());
  watch_.watch(paths, data_);
}

void Development::start() {
  look_at_config();
  // Also with a bad config: the engine says what is wrong with it.
  if (const auto started = child_.start(words_); !started)
    note("pelton: {}\n", started.error().text());
}

void Development::restart() {
  note("pelton: restarting the engine\n");
  child_.signal(SIGTERM);
  child_.wait();
  start();
}

// The engine once it answers; it may have been started just now.
Result<std::unique_ptr<Client>> Development::engine() const {
  const auto end = std::chrono::steady_clock::now() + kAnswersWithin;
  for (;;) {
    auto client = Client::connect({.data = data_.string()});
    if (client || std::chrono::steady_clock::now() >= end) return client;
    std::array ended{pollfd{child_.fd(), POLLIN, 0}};
    const auto pause = std::chrono::milliseconds(kAskEvery).count();
    if (::poll(ended.data(), ended.size(), static_cast<int>(pause)) != 0) return client;
  }
}

void Development::reload() {
  auto client = engine();
  if (!client) {
    note("pelton: {}\n", client.error().text());
    return;
  }
  const auto answer = (*client)->review("POST", "/v1/config/reload");
  const auto review = answer ? parse_object(*answer) : std::unexpected(answer.error());
  if (!review) {
    note("pelton: {}\n", review.error().text());
    return;
  }
  print_review(*review);
  if (exit_code_of(*review) == kConflict) {
    restart();
    return;
  }
  if (exit_code_of(*review) != kOk) note_not_reloaded();
  look_at_config();
}

void Development::renew(const std::string& function) {
  auto client = engine();
  const auto answer =
      client ? (*client)->post("/v1/functions/" + url_encoded(function) + "/restart", "")
             : std::unexpected(client.error());
  if (answer)
    note("pelton: {} runs the new code\n", named(function));
  else
    note("pelton: {} continues with the old code: {}\n", named(function), answer.error().text());
}

void Development::on_change() {
  const std::set<fs::path> changed = changes();
  if (changed.empty()) return;
  if (!child_.running()) {
    start();
    return;
  }
  const auto has_changed = [&](const fs::path& path) {
    return changed.contains(fs::absolute(path).lexically_normal());
  };
  // A reload reads the config again, and may replace code_.
  std::vector<std::string> functions;
  for (const auto& [function, files] : code_)
    if (std::ranges::any_of(files, has_changed)) functions.push_back(function);
  if (std::ranges::any_of(files_, has_changed)) reload();
  for (const std::string& function : functions)
    if (child_.running() && code_.contains(function)) renew(function);
}

// All of what is being written: compilers and editors change several files, or one in steps.
std::set<fs::path> Development::changes() {
  std::set<fs::path> all;
  std::array more{pollfd{watch_.fd(), POLLIN, 0}};
  do all.merge(watch_.changed());
  while (::poll(more.data(), more.size(), kQuietMs) > 0);
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
  note("pelton: the engine has ended with exit code {}; it starts again when a file changes\n",
       code);
}

std::optional<int> Development::wait_for_something() {
  std::array ready{pollfd{signals_.get(), POLLIN, 0}, pollfd{child_.fd(), POLLIN, 0},
                   pollfd{watch_.fd(), POLLIN, 0}};
  if (::poll(ready.data(), ready.size(), -1) <= 0) return std::nullopt;
  if (ready[0].revents != 0) return on_signal();
  if (ready[1].revents != 0) {
    if (leaving_) return child_.wait();
    on_end();
    return std::nullopt;
  }
  if (leaving_)
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
      "A changed config file is reloaded; the engine is restarted where a reload cannot do it. A\n"
      "function whose code changes gets new workers; if they cannot start, the old ones continue.\n"
      "Not watched: hidden folders and files, node_modules, __pycache__, venv, engine.data.\n"
      "Example: pelton dev pelton.yaml");
  command->callback([&chosen, files, import] {
    chosen = [files, import] { return Development({files->begin(), files->end()}, *import).run(); };
  });
}

}  // namespace pelton::cli
