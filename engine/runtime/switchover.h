// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/runtime/listeners.h"
#include "engine/runtime/new_parts.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace pelton::runtime {

// Takes the engine from one config to another while it runs. On the reload thread, which waits for
// the shard; before the engine runs, on the thread that builds it.
class Switchover {
 public:
  struct Setup {
    Assembly& assembly;
    dead_letters::KnownBindings& bindings;
    Sources& sources;
    Listeners& listeners;
    // True: the engine ends, nothing is started any more.
    const std::atomic<bool>& ending;
    // True: the shard is not waited for any more.
    const std::atomic<bool>& stopping;
  };
  explicit Switchover(Setup setup) : setup_(setup) {}

  // Before the shard runs: everything of the config is built, and starts with the shard.
  Status begin(const config::Config& config);
  // Sources and routes come last: once the shard runs.
  void begin_sources(const config::Config& config);

  // In this order: functions that are new or change prove that a worker starts; the parts that go
  // drain until the deadline; the new ones start. Parts in neither lineup are not touched. What
  // fails before the new parts are in service leaves the engine with the old config, whose parts
  // are in service again. `broken` is set when that fails too: the engine has to end. E3001, E5013,
  // and what NewParts says.
  Status change(const config::Config& before, const config::Config& after,
                const Changeover& changeover, std::chrono::steady_clock::time_point deadline,
                bool& broken);

 private:
  // Shared by the reload thread and what the shard has been asked to do with them; whoever lets go
  // last, they are destroyed on the shard, where they may have workers already.
  std::shared_ptr<NewParts> new_parts(const config::Config& config);
  Status prove(const std::shared_ptr<NewParts>& parts);
  Status retire(const Lineup& parts, std::chrono::steady_clock::time_point deadline);
  Status restore(const config::Config& before, const config::Config& after, const Lineup& parts);
  // Shared by the caller and the shard.
  Status put_in_service(const config::Config& config, const Lineup& lineup,
                        const std::shared_ptr<NewParts>& parts);
  void publish(const config::Config& config, const NewParts& parts);
  // Runs it on the shard and waits. False: the engine ends, it may run later or never.
  bool on_shard(std::function<void()> call);

  const Setup setup_;
  std::shared_ptr<NewParts> first_;  // between begin() and begin_sources()
  std::map<std::string, dead_letters::KnownBinding> known_bindings_;
  std::map<std::string, dead_letters::KnownBinding> known_sinks_;
};

}  // namespace pelton::runtime
