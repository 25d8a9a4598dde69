// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/observe/rate.h"
#include "engine/observe/status.h"
#include "engine/runtime/source_runner.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace pelton::runtime {

// The sources that run. Thread-safe; they are added and stopped by one thread at a time.
class Sources {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // Starts it; its stream is `target`, which `readers` read.
  void add(std::unique_ptr<SourceRunner> source, stream::AppendTarget target,
           std::vector<BindingId> readers);
  // They read no more; returns at once.
  void begin_stop(const std::set<std::string>& names, Deadline deadline);
  // Waits until they have settled what was in flight, at most until the deadline, and forgets them.
  void stop(const std::set<std::string>& names, Deadline deadline);
  std::set<std::string> names() const;

  // The bindings that read a stream, of each source.
  void set_readers(const std::function<std::vector<BindingId>(const std::string& stream)>& readers);
  void sample(WallTime now);
  void report(observe::StatusReport& report) const;

 private:
  struct Running {
    std::unique_ptr<SourceRunner> runner;
    observe::Rate rate;
  };

  mutable std::mutex mutex_;
  std::map<std::string, Running> running_;  // guarded by mutex_
};

}  // namespace pelton::runtime
