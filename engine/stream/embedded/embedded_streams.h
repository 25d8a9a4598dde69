// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/stream.h"
#include "engine/observe/rate.h"
#include "engine/observe/status.h"
#include "engine/store/store.h"
#include "engine/stream/embedded/stream_target.h"

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace pelton::stream {

// The streams that the engine keeps itself: where appends to them go, and what status says of them.
// Thread-safe.
class EmbeddedStreams {
 public:
  using TargetPtr = std::shared_ptr<StreamTarget>;

  explicit EmbeddedStreams(store::Store& store) : store_(store) {}

  // These are the streams from now on; the store has them. Topics among them are left out.
  void set(std::span<const config::Stream> streams);
  // Null: there is none of that name. Shared with the sources and requests that append to it, which
  // may outlive its stay here.
  TargetPtr find(std::string_view name) const;
  void sample(WallTime now);
  void report(observe::StatusReport& report) const;

 private:
  struct Entry {
    TargetPtr target;
    std::uint64_t first = 0;  // ends of all partitions when it was first seen
    observe::Rate rate;
  };
  std::uint64_t total_end(const StreamTarget& target) const;
  observe::StreamStatus status_of(const std::string& name, const Entry& entry) const;

  store::Store& store_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;  // guarded by mutex_
  std::vector<std::string> order_;                     // guarded by mutex_; as in the config
};

}  // namespace pelton::stream
