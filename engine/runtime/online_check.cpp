// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/online_check.h"

#include "engine/stream/streams.h"
#include "engine/worker/pool/worker_pool.h"
#include "engine/worker/runtimes/builtin.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace pelton::runtime {
namespace {

namespace fs = std::filesystem;
using Tcp = boost::asio::ip::tcp;
using boost::system::error_code;

constexpr auto kStopPatience = std::chrono::seconds(5);

// Tried: access(2) answers yes to root also where the file system takes none, as below /proc.
bool takes_folders(const fs::path& folder) {
  std::string name = (folder / ".pelton.XXXXXX").string();
  return ::mkdtemp(name.data()) != nullptr && ::rmdir(name.c_str()) == 0;
}

// The folder may be used so; one that is missing is made by whoever needs it.
Status check_folder(const fs::path& folder, bool written) {
  fs::path there = folder;
  std::error_code ignored;
  while (!fs::exists(there, ignored) && there.has_relative_path()) {
    if (fs::is_symlink(there, ignored))
      return fail(ErrorKind::invalid, "E2001", "{} is a symbolic link to {}, which does not exist",
                  there.string(), fs::read_symlink(there, ignored).string());
    there = there.parent_path();
  }
  const bool missing = there != folder;
  const int access = X_OK | (written || missing ? W_OK : 0) | (missing ? 0 : R_OK);
  if (fs::is_directory(there, ignored) && ::access(there.c_str(), access) == 0 &&
      (!missing || takes_folders(there)))
    return {};
  if (!fs::is_directory(there, ignored))
    return fail(ErrorKind::invalid, "E2001", "{} is not a folder", there.string());
  return fail(ErrorKind::invalid, "E2001", "the folder {} {}", folder.string(),
              missing   ? "does not exist and cannot be created"
              : written ? "may not be written by this user"
                        : "may not be read by this user");
}

// Bound and given back at once.
Status check_address(const config::HttpListen& listen) {
  boost::asio::io_context io;
  Tcp::acceptor acceptor(io);
  Tcp::resolver resolver(io);
  error_code error;
  const auto found =
      resolver.resolve(listen.host, std::to_string(listen.port), Tcp::resolver::passive, error);
  if (!error && !found.empty()) {
    const Tcp::endpoint endpoint = *found.begin();
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
  }
  if (!error) return {};
  return fail(ErrorKind::unavailable, "E5005", "engine.http.listen: cannot listen on {}:{}: {}",
              listen.host, listen.port, error.message());
}

// Starts a worker, which imports the handler, and ends it.
Status check_function(const config::Function& function, const fs::path& sdks) {
  boost::asio::io_context io;
  worker::PoolOptions options;
  options.sdks = sdks;
  options.places.launcher = worker::sandbox::launcher_in(sdks);
  worker::WorkerPool pool(io, function, worker::builtin_runtime(function.runtime), {},
                          std::move(options), [](const worker::WorkerLine&) {});
  std::optional<Status> proof;
  pool.prove([&](Status status) { proof = std::move(status); });
  while (!proof && io.run_one() > 0) {
  }
  bool stopped = false;
  pool.stop(std::chrono::steady_clock::now() + kStopPatience, [&] { stopped = true; });
  io.restart();
  while (!stopped && io.run_one() > 0) {
  }
  return proof.value_or(Status{});
}

class Checks {
 public:
  explicit Checks(const config::Config& config, const OnlineCheck& check)
      : config_(config), check_(check) {}

  std::vector<config::Diagnostic> run() {
    engine();
    for (const config::Stream& stream : config_.streams)
      note(stream.place, "stream " + stream.name, stream::probe(stream));
    for (const config::Connector& connector : config_.connectors) check_connector(connector);
    for (const config::Function& function : config_.functions)
      note(function.place, "", check_function(function, check_.sdks));
    return std::move(problems_);
  }

 private:
  void engine() {
    const config::Engine& engine = config_.engine;
    note(engine.data_place, "engine.data", check_folder(engine.data, true));
    if (engine.http && !check_.engine_runs)
      note(engine.listen_place, "", check_address(*engine.http));
  }

  void check_connector(const config::Connector& connector) {
    const std::string who = "connector " + connector.name;
    for (const config::Location& location : connector.locations)
      if (!location.folder.empty())
        note(connector.place, who, check_folder(location.folder, location.written));
    const auto spec = std::ranges::find_if(
        check_.connectors,
        [&](const connector::ConnectorSpec& one) { return one.options.type == connector.type; });
    if (spec != check_.connectors.end() && spec->probe)
      note(connector.place, who, spec->probe(connector));
  }

  void note(config::Place place, const std::string& who, const Status& status) {
    if (status) return;
    const Error& error = status.error();
    problems_.push_back(
        {place, error.code, who.empty() ? error.message : who + ": " + error.message});
  }

  const config::Config& config_;
  const OnlineCheck& check_;
  std::vector<config::Diagnostic> problems_;
};

}  // namespace

std::vector<config::Diagnostic> check_online(const config::Config& config,
                                             const OnlineCheck& check) {
  return Checks(config, check).run();
}

}  // namespace pelton::runtime
