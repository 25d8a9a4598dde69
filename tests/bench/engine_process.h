// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/bench/bench_connectors.h"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace pelton::bench {

// CPU time and memory of the engine's process and of its workers, read from /proc.
struct Usage {
  double engine_cpu_seconds = 0;
  double worker_cpu_seconds = 0;
  double engine_peak_bytes = 0;
};

// A whole engine in a child process of its own, with the benchmark's connectors, on a fresh data
// folder.
class EngineProcess {
 public:
  // `config` is the text of a config file; the data folder is `folder`/data.
  EngineProcess(const std::string& config, const std::filesystem::path& folder, Shared& shared);
  ~EngineProcess();  // SIGTERM, then waits
  EngineProcess(const EngineProcess&) = delete;
  EngineProcess& operator=(const EngineProcess&) = delete;

  // False when the engine ended instead of getting ready.
  bool wait_ready();
  bool alive();
  Usage usage() const;
  // Events of binding `name` that ended (done, filtered or dead letters), from the admin API; -1:
  // no answer.
  std::int64_t settled(const std::string& binding) const;

 private:
  pid_t pid_ = -1;
  std::filesystem::path socket_;
  Shared& shared_;
};

}  // namespace pelton::bench
