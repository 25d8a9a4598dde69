// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/changes.h"
#include "engine/store/log.h"

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace pelton::store {

// Removes what is stored and not needed any more: expired idempotency keys, and everything under
// the number of a stream or binding that was forgotten. It works in pieces of bounded size, and a
// restart continues with what was left. Keys are removed one by one, never by DeleteRange():
// RocksDB 7.8 aborts, where it is built with assertions as Debian's is, if a compaction leaves
// nothing but a removed range and writing that fails. The maintenance thread's, unless marked.
class Garbage {
 public:
  // `stopping`: work ends early (cancelled, E4108). All outlive the object.
  Garbage(Database& database, Log& log, const WriteChanges& write,
          const std::atomic<bool>& stopping)
      : database_(database), log_(log), write_(write), stopping_(stopping) {}

  // Any thread. Keys of the binding expire once they are older than remembered_since() of this ttl.
  void set_ttl(BindingId binding, Duration ttl);
  // Removes expired keys, once a generation, and what an earlier run has left.
  Status collect(WallTime now);
  // Removes everything under a number that was forgotten (names.h).
  Status remove(StreamId stream);
  Status remove(BindingId binding);

 private:
  // Called for each key in a range; adds what is to be removed.
  using Pick = std::function<void(std::string_view key, std::string_view value, Changes& changes)>;
  // The keys that begin with `prefix`, and are below `end` unless that is empty.
  struct Range {
    Family family = Family::meta;
    std::string prefix;
    std::string end;
  };

  Status collect_keys(WallTime now);
  Status collect_forgotten();
  Status remove(const Range& range, const Pick& pick);
  Status remove_all(Family family, const std::string& prefix);
  Status remove_index(StreamId stream);
  Status remove_progress(StreamId stream);

  // Of a binding's completed idempotency keys.
  struct Expiry {
    Duration ttl{};
    WallTime dropped{};  // none older than this are stored
  };

  Database& database_;
  Log& log_;
  const WriteChanges& write_;
  const std::atomic<bool>& stopping_;
  bool collected_forgotten_ = false;
  std::mutex mutex_;
  std::map<BindingId, Expiry> expiries_;  // guarded by mutex_
};

}  // namespace pelton::store
