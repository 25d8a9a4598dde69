// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/engine_process.h"

#include "engine/cli/client.h"
#include "engine/config/load.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/kinds.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

namespace pelton::bench {
namespace {

[[noreturn]] void run_engine(const std::string& text, const std::filesystem::path& folder,
                             Shared& shared) {
  const std::vector<connector::ConnectorSpec> connectors{generator(shared), ping(shared),
                                                         pong(shared)};
  const auto loaded = config::load_text(text, folder / "bench.yaml", runtime::kinds(connectors),
                                        config::process_environment);
  for (const auto& problem : loaded.problems) fmt::print(stderr, "{}\n", problem.text());
  if (!loaded.config) ::_exit(3);
  runtime::RunOptions run;
  run.version = "bench";
  run.sdks = PELTON_BENCH_SDKS;
  run.ready = [&](const std::string&) { shared.ready_us = monotonic_us(); };
  const auto done = runtime::run(*loaded.config, connectors, run);
  if (!done) fmt::print(stderr, "bench: {}\n", done.error().text());
  ::_exit(done ? 0 : 1);
}

// utime + stime of a process, in seconds; children that it has waited for with them.
double cpu_seconds(pid_t pid) {
  std::ifstream in(fmt::format("/proc/{}/stat", pid));
  std::string text;
  std::getline(in, text);  // nothing where it has gone meanwhile
  const auto close = text.rfind(')');
  if (close == std::string::npos) return 0;
  std::istringstream rest(text.substr(close + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) rest >> skipped;
  double user = 0;
  double system = 0;
  rest >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double peak_bytes(pid_t pid) {
  std::ifstream in(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) * 1024;
  return 0;
}

std::vector<pid_t> children(pid_t parent) {
  std::vector<pid_t> found;
  for (const auto& task :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/task", parent))) {
    std::ifstream in(task.path() / "children");
    for (pid_t child = 0; in >> child;) found.push_back(child);
  }
  return found;
}

}  // namespace

EngineProcess::EngineProcess(const std::string& config, const std::filesystem::path& folder,
                             Shared& shared)
    : socket_(folder / "data" / "admin.sock"), shared_(shared) {
  std::filesystem::create_directories(folder);
  pid_ = ::fork();
  if (pid_ == 0) run_engine(config, folder, shared);
}

EngineProcess::~EngineProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

bool EngineProcess::alive() {
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ > 0;
}

bool EngineProcess::wait_ready() {
  while (alive() && shared_.ready_us == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return pid_ > 0;
}

Usage EngineProcess::usage() const {
  Usage usage;
  usage.engine_cpu_seconds = cpu_seconds(pid_);
  usage.engine_peak_bytes = peak_bytes(pid_);
  for (const pid_t child : children(pid_)) usage.worker_cpu_seconds += cpu_seconds(child);
  return usage;
}

std::int64_t EngineProcess::settled(const std::string& binding) const {
  cli::EngineAddress address;
  address.socket = socket_.string();
  auto client = cli::Client::connect(address);
  if (!client) return -1;
  auto answer = (*client)->get("/v1/status");
  if (!answer) return -1;
  const auto status = boost::json::parse(*answer);
  for (const auto& value : status.as_object().at("bindings").as_array()) {
    const auto& object = value.as_object();
    if (std::string_view(object.at("name").as_string()) == binding)
      return object.at("done").to_number<std::int64_t>() +
             object.at("dead_lettered").to_number<std::int64_t>();
  }
  return -1;
}

}  // namespace pelton::bench
