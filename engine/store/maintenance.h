// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/binding_state.h"
#include "engine/store/logs.h"

#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace pelton::store {

// Retention of streams, expiry of idempotency records, the free-space guard. The store thread's,
// but for the accessors marked any thread.
class Maintenance {
 public:
  Maintenance(const Options& options, Database& database, Logs& logs, BindingState& bindings)
      : options_(options), database_(database), logs_(logs), bindings_(bindings) {}

  // Gives the numbers of the bindings that hold back each stream. Before the store thread runs.
  void hold(StreamId stream, BindingId binding) { holders_[stream].push_back(binding); }
  // Any thread. What was said before is said again, on the caller's thread.
  void set_notice(std::function<void(const std::string&)> notice);
  void set_ttl(BindingId binding, Duration ttl);

  Status run(WallTime now);
  // Looks at the free space, before a large group as well. Any thread may ask accepts_intake().
  void check_space();
  bool accepts_intake() const { return accepts_.load(std::memory_order_relaxed); }

 private:
  void notify(const std::string& sentence);
  Status retain(model::StreamPartition at, const StreamSpec& spec, WallTime now);
  // The first offset that some binding has not settled; nothing holds back: the end.
  Offset unsettled(model::StreamPartition at, Offset end) const;
  Status drop(model::StreamPartition at, std::size_t count, const std::deque<Segment>& segments,
              Offset settled);
  Status expire_idempotency(WallTime now);

  const Options& options_;
  Database& database_;
  Logs& logs_;
  BindingState& bindings_;
  std::map<StreamId, std::vector<BindingId>> holders_;
  std::atomic<bool> accepts_{true};
  std::mutex mutex_;
  // guarded by mutex_
  std::function<void(const std::string&)> notice_;
  std::vector<std::string> early_;
  std::map<BindingId, Duration> ttls_;
};

}  // namespace pelton::store
