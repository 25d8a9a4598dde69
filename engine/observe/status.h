// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/histogram.h"
#include "engine/base/ids.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Values. A snapshot of the whole engine: the only source of `pelton status`, GET /v1/status and
// /metrics. Counters count since the engine started. Rates are events per second over the last few
// seconds.
namespace pelton::observe {

struct PartitionStatus {
  std::uint32_t partition = 0;
  Offset earliest = 0;
  Offset end = 0;
  std::uint64_t bytes = 0;
};

struct StreamStatus {
  std::string name;
  std::vector<PartitionStatus> partitions;
  std::uint64_t appended = 0;
  double appended_per_second = 0;
  std::uint64_t dropped_unsettled = 0;  // by retention.force
};

struct ConnectorStatus {
  std::string name;
  std::string type;
  std::string direction;  // source | sink
  std::string stream;
  std::string state;  // connecting | running | backing_off | stopped | failed
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;
  std::uint64_t errors = 0;
  std::string last_error;
  double events_per_second = 0;
  // That wait upstream, where a source knows it: events, or bytes of a log.
  std::optional<std::uint64_t> lag_events, lag_bytes;
  std::optional<std::uint64_t> lag_seconds;
  std::string position;  // in such a log
  // Of a source that follows a schedule: its newest event's slot, when the next one is due, slots
  // that gave no event, by reason.
  std::optional<WallTime> last_slot, next_slot;
  std::map<std::string, std::uint64_t> skipped_slots;
};

struct WorkerStatus {
  std::string name;
  int pid = 0;
  std::string state;  // starting | idle | busy | stopping
  std::uint64_t events = 0;
  double age_seconds = 0;
  std::uint64_t memory_bytes = 0;
};

// How long events were with workers, by what became of them.
struct FunctionDurations {
  HistogramCounts done, failed, timed_out;
};

// What the workers of a function are kept from.
struct IsolationStatus {
  std::string level;  // standard | required
  std::vector<std::string> active;
  std::vector<std::pair<std::string, std::string>> missing;  // and why
};

struct FunctionStatus {
  std::string name;
  std::vector<WorkerStatus> workers;
  std::uint64_t started = 0, crashed = 0, timed_out = 0, recycled = 0, reaped = 0,
                start_failures = 0;
  FunctionDurations durations;
  std::optional<IsolationStatus> isolation;  // of one that is isolated
  std::string start_error;  // why no worker comes up, with its last lines; empty: fine
};

struct BindingPartitionStatus {
  std::uint32_t partition = 0;
  Offset cursor = 0;
  Offset end = 0;
  std::uint64_t lag_events = 0;  // from the cursor to the end
  double lag_seconds = 0;        // age of the oldest unsettled event; 0: its time is not known
  std::uint64_t in_flight = 0, retrying = 0, waiting = 0;
  std::uint64_t held_bytes = 0;  // of the batches that are in memory for unsettled events
};

struct ParkedKey {
  std::uint32_t partition = 0;
  Offset offset = 0;
  std::string key;  // its first 100 bytes
  std::uint32_t attempts = 0;
  WallTime next{};
  std::string last_error;
};

// A binding, or a sink (a binding whose worker is a connector; then `function` is empty).
struct BindingStatus {
  std::string name;
  std::string stream;
  std::string function;
  std::vector<std::string> to;  // streams of its outputs
  std::string rate_limit;       // as the config has it; empty: none
  std::vector<BindingPartitionStatus> partitions;
  std::uint64_t done = 0, failed_attempts = 0, filtered = 0, deduplicated = 0, outputs = 0,
                late_results = 0;
  std::uint64_t discarded_outputs = 0;  // events that the function returned without a `to`
  std::optional<WallTime> last_done;    // when an event last ended as done, since the start
  HistogramCounts completion_ages;      // of events that ended as done, from their own time
  // Of completed idempotency keys: remembered now, their memory, and those that were forgotten
  // before their ttl because it was full.
  std::uint64_t idempotency_keys = 0, idempotency_bytes = 0, idempotency_forgotten = 0;
  std::uint64_t dead_letters = 0;   // kept now
  std::uint64_t dead_lettered = 0;  // since start
  std::map<std::string, std::uint64_t> dead_lettered_by_reason;
  double done_per_second = 0;
  std::vector<ParkedKey> parked;  // the first 20
  std::string trouble;       // what keeps its stream from being read at the moment; empty: nothing
  bool ended = false;        // by `trouble`, until the engine restarts
  std::string paused;        // why the breaker is open; empty: it is closed
  std::uint64_t pauses = 0;  // how often it opened since start
  bool paused_by_operator = false;
  std::string stopped;  // why a partition is stopped and waits for the operator; empty: none
};

// An HTTP route.
// What a durable route knows of requests with an Idempotency-Key.
struct DurableStatus {
  std::uint64_t calls = 0;    // under way
  std::uint64_t results = 0;  // that repeated requests are answered with
};

struct RouteStatus {
  std::string name;
  std::string listener;
  std::string methods;  // "GET,POST", or "ANY"
  std::string path;
  std::string to;                               // stream, or empty
  std::string function;                         // or empty
  std::map<unsigned, std::uint64_t> by_status;  // requests answered
  std::uint64_t under_way = 0;
  HistogramCounts durations;  // from the header to the response
  std::optional<DurableStatus> durable{};
};

struct ListenerStatus {
  std::string name;
  std::string address;  // with the port that it got
  // Of its access log; absent: it has none.
  std::optional<std::uint64_t> log_lines_dropped{};
};

// The engine's own process, without its workers.
struct ProcessStatus {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t most_descriptors = 0;
  std::uint64_t threads = 0;
};

// The config that runs, and how it came.
struct ConfigStatus {
  std::uint64_t generation = 1;  // that of the start, then one more for each reload that changed it
  WallTime loaded{};             // when that was
  std::uint64_t reloads_ok = 0, reloads_failed = 0;
  std::optional<WallTime> last_success;  // of a reload
  std::string last_error;  // why the last reload was not applied; empty: it was, or there was none
};

struct StatusReport {
  std::string version;
  int pid = 0;
  WallTime started{};
  WallTime now{};
  std::string config;  // absolute paths of the config files, with commas between them
  ConfigStatus config_status;
  std::string data;   // absolute path of the data folder
  std::string state;  // starting | running | draining | failed
  bool ready = false;
  std::vector<std::string> not_ready;  // reasons
  std::vector<StreamStatus> streams;
  std::vector<ConnectorStatus> connectors;
  std::vector<FunctionStatus> functions;
  std::vector<BindingStatus> bindings;
  std::vector<ListenerStatus> listeners;
  std::vector<RouteStatus> routes;
  std::uint64_t store_commits = 0, store_fsyncs = 0;
  HistogramCounts store_transactions;   // until durable
  HistogramCounts store_group_commits;  // on the disk
  std::uint64_t memory_limit = 0;       // engine.memory
  // Bytes claimed of it, by who holds them; a batch that two hold counts twice.
  std::vector<std::pair<std::string, std::uint64_t>> memory;
  ProcessStatus process;
};

}  // namespace pelton::observe
