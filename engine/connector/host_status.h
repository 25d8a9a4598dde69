// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/connector/source.h"

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

namespace pelton::connector {

enum class HostState {
  connecting,
  running,
  backing_off,  // waits before it connects, reads or writes again
  stopped,
  failed,  // refused with an `invalid` error; tried again with backoff, in case its cause is
           // removed
};

// How a host is while it waits after that error.
HostState state_after(const Error& error);
// "connecting", "running", "backing_off", "stopped", "failed".
const char* to_string(HostState state);

// Value. What one connector does and has done since it started.
struct HostSnapshot {
  HostState state = HostState::stopped;
  std::uint64_t events = 0;  // settled as done (source) or written (sink)
  std::uint64_t bytes = 0;   // of their encoded batches (source) or data (sink)
  std::uint64_t errors = 0;  // failed operations and warnings of the connector
  std::string last_error;    // the newest of them; empty: none
  SourceFacts facts;         // of a source
};

// One sentence for the operator's log. Called on the host's thread.
using Report = std::function<void(const std::string& sentence)>;

// Thread-safe. Where a host's thread writes and everybody else reads its snapshot.
class HostStatus {
 public:
  void set_state(HostState state);
  void add_done(std::uint64_t events, std::uint64_t bytes);
  void add_error(const std::string& text);
  void set_facts(SourceFacts facts);
  HostSnapshot snapshot() const;

 private:
  mutable std::mutex mutex_;
  HostSnapshot now_;  // guarded by mutex_
};

}  // namespace pelton::connector
