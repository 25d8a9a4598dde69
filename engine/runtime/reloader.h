// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/load.h"
#include "engine/config/plan_json.h"
#include "engine/observe/status.h"
#include "engine/runtime/switchover.h"
#include "engine/thread/job_thread.h"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace pelton::runtime {

// The config that the engine runs, and its way to another one. Reads files and waits on threads of
// its own: one for plans, which no slow reload holds up, and one for reloads, of which those that
// wait together are one.
class Reloader {
 public:
  using Answer = std::move_only_function<void(const config::Review&)>;

  struct Setup {
    Assembly& assembly;
    // Reads and checks files as at the start. On both threads.
    std::function<config::Loaded(const std::vector<std::filesystem::path>& files)> load;
    // Takes over what of the engine's own options can change while it runs. On the reload thread.
    std::function<void(const config::Engine&)> apply;
    // Neither the new config nor the old one could be put in service. On the reload thread.
    std::function<void(const Error&)> broken;
    const Clock& clock;
  };
  Reloader(Setup setup, config::Config config);
  ~Reloader() { stop(); }

  // Before the engine runs: everything of the config is built, and starts with the shard.
  Status begin() { return switchover_.begin(*current()); }
  // The shard runs: sources start, requests are served.
  void start();
  // No config is put in service any more; `then` is called, on the reload thread, once none is
  // being taken out of service.
  void finish(std::function<void()> then);
  // Requests that wait are not answered. Waits for a file that is being read.
  void stop();

  // ---- any thread
  const dead_letters::KnownBindings& bindings() const { return bindings_; }
  Sources& sources() { return sources_; }
  Listeners& listeners() { return listeners_; }
  // Shared with whoever reads it while it is replaced.
  std::shared_ptr<const config::Config> current() const;
  // What the files (none: the engine's own) would change.
  void plan(std::vector<std::filesystem::path> files, Answer answer);
  // Reads the engine's own files again and does what has changed. Refused (E5012) where one of them
  // was standard input.
  void reload(Answer answer);
  observe::ConfigStatus status() const;

 private:
  config::Review compare(const std::vector<std::filesystem::path>& files,
                         std::optional<config::Config>& loaded) const;
  config::Review reload_now();
  void apply(config::Config&& after, config::Review& review);
  void note(const config::Review& review);

  const Setup setup_;
  std::atomic<bool> ending_{false};
  dead_letters::KnownBindings bindings_;
  Sources sources_;
  Listeners listeners_;
  thread::JobThread thread_;    // reloads
  thread::JobThread planning_;  // plans
  Switchover switchover_;

  mutable std::mutex mutex_;
  // guarded by mutex_; shared with whoever reads it while it is replaced
  std::shared_ptr<const config::Config> current_;
  std::vector<Answer> waiting_;   // guarded by mutex_
  observe::ConfigStatus status_;  // guarded by mutex_
};

}  // namespace pelton::runtime
