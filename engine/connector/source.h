// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/connector/ledger.h"
#include "engine/model/batch_builder.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::connector {

// Names one read until it is settled; a connector gives out each token once.
using AckToken = std::uint64_t;

// Value. What a read gave beside its events.
struct Read {
  Read(AckToken given) : token(given) {}

  AckToken token;
  // Entries of the connector's ledger that say how far it has come with these events. On an
  // embedded stream they are written together with the events: both are durable or neither. On a
  // topic they follow once the topic has acknowledged the events, before these are settled.
  std::vector<LedgerEntry> position;
};

// Value. What a source knows of its system, for status and metrics.
struct SourceFacts {
  // Events that wait upstream and are not settled.
  std::optional<std::uint64_t> behind{};
  // Of a source that follows a log upstream: bytes of it that are not settled.
  std::optional<std::uint64_t> behind_bytes{};
  // How old the newest change is that such a source has read, unless it has read all that there is;
  // and where in the log it is, in the words of the system.
  std::optional<std::chrono::seconds> behind_time{};
  std::string position{};
  // Of a source that follows a schedule: its newest event's slot, and when the next one is due.
  std::optional<WallTime> last_slot{}, next_slot{};
  // Slots that gave no event, since the connector was started, by reason ("missed", "overlap").
  std::map<std::string, std::uint64_t> skipped{};
};

enum class Settlement {
  done,         // durable in the stream: may be acknowledged upstream, marked, forgotten
  retry_later,  // not stored (the engine is stopping or full): must be read again some time
};

// Interface. Reads one external system. The host (source_host.h) calls every method from one
// thread, owns the loop, backoff, metrics and logging; a connector has no thread, no sleep, no
// retry of its own.
class Source {
 public:
  virtual ~Source() = default;

  // Called before the first read and, after close(), again after every error but those of single
  // reads, with backoff. `invalid`: the connector counts as failed, in status and readiness, until
  // an attempt succeeds.
  virtual Status connect() = 0;

  // Adds events to `into` (at most `max_events` and about `max_bytes` of data) and returns the
  // token to settle them with. Returns by `deadline` with an empty `into` when nothing came; token
  // and position are then unused. unavailable, corrupt: the peer went away, connect again. invalid,
  // overloaded: the host counts it, waits and reads on. After an error nothing of `into` counts.
  virtual Result<Read> read(model::BatchBuilder& into, std::size_t max_events,
                            std::size_t max_bytes,
                            std::chrono::steady_clock::time_point deadline) = 0;

  // Once for every token of a read that gave events, in the order of the reads and before close().
  // An error is logged and counted; the event itself is safe.
  virtual Status settle(AckToken token, Settlement how) = 0;

  // Lets go of the system. May be called twice, and without a connect.
  virtual void close() = 0;

  // Sentences for the operator since the last call: what was refused, what works less well than it
  // should. The host asks after each connect and read, logs and counts them, and shows the newest
  // in status.
  virtual std::vector<std::string> take_warnings() { return {}; }

  // The host asks after each read.
  virtual SourceFacts facts() const { return {}; }
};

}  // namespace pelton::connector
