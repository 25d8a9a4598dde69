// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/backoff.h"
#include "engine/connector/host_status.h"
#include "engine/connector/source.h"
#include "engine/connector/stream_appender.h"
#include "engine/model/batch_builder.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace pelton::connector {

// Value. How a source host paces itself; tests shorten the times.
struct SourcePacing {
  std::chrono::milliseconds backoff_first{1'000};
  std::chrono::milliseconds backoff_max{60'000};
  std::chrono::milliseconds room_first{10};  // between appends while the stream is full
  std::chrono::milliseconds room_max{1'000};
  std::chrono::milliseconds idle_read{
      250};  // deadline of a read with nothing in flight: bounds stop()
  std::chrono::milliseconds busy_read{
      5};                         // ... with reads in flight: bounds how late they are settled
  std::size_t max_events = 8192;  // of a read
  std::size_t max_bytes = 4U << 20;
  std::size_t in_flight_reads = 8;  // appended and not yet settled
  std::size_t in_flight_bytes = 32U << 20;
};

// Runs one source on a thread of its own: connects with backoff, reads until a deadline, appends,
// settles in the order of the reads, closes. Reads run ahead of their commits, within the bounds
// above; while the stream is full the host keeps the one batch that it could not append and reads
// nothing. Before it connects again and before it ends, everything in flight is settled.
//
//   SourceHost host({.name = "inbox", .source = std::move(source), .appender = &appender, .report =
//   log}); host.start();
//   ...
//   host.stop(deadline);
class SourceHost {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  struct Setup {
    std::string name;
    std::unique_ptr<Source> source;
    StreamAppender* appender = nullptr;  // outlives the host
    Report report;                       // may be empty
    SourcePacing pacing{};
  };

  explicit SourceHost(Setup setup);
  ~SourceHost();  // stops without waiting for commits
  SourceHost(const SourceHost&) = delete;
  SourceHost& operator=(const SourceHost&) = delete;

  void start();
  // Reads no more; commits in flight are waited for until the deadline, then settled `retry_later`.
  // Returns at once, so that many hosts can stop together.
  void begin_stop(TimePoint deadline);
  // begin_stop() and join. May be called twice, and without a start.
  void stop(TimePoint deadline);

  // Any thread.
  HostSnapshot snapshot() const { return status_.snapshot(); }
  const std::string& name() const { return name_; }

 private:
  class Commits;
  struct InFlight {
    AckToken token;
    std::uint64_t sequence;
    std::size_t events;
    std::size_t bytes;
  };
  enum class Ended { stopping, lost, failed };

  void run();
  bool connect();
  Ended pump();
  bool full() const;
  std::optional<Ended> read();
  std::optional<Ended> append(const Read& read);
  std::optional<Ended> read_failed(const Error& error);
  void settle_committed();
  void settle(AckToken token, Settlement how);
  void drain(TimePoint deadline);
  void take_warnings();
  void report_error(const Error& error);

  const std::string name_;
  const std::unique_ptr<Source> source_;
  StreamAppender& appender_;
  const Report report_;
  const SourcePacing pacing_;
  Backoff backoff_;
  Backoff refusals_;  // between commits that fail in a row
  HostStatus status_;
  // Shared: the host and the callbacks that the appender still holds; after a deadline those
  // outlive the host.
  const std::shared_ptr<Commits> commits_;

  // The source thread's own.
  model::BatchBuilder builder_;
  std::deque<InFlight> in_flight_;
  std::size_t in_flight_bytes_ = 0;
  std::uint64_t next_sequence_ = 0;

  std::thread thread_;
};

}  // namespace pelton::connector
