// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/function.h"
#include "engine/worker/pool/in_flight.h"
#include "engine/worker/pool/session.h"
#include "engine/worker/pool/worker_output.h"
#include "engine/worker/process/process.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace pelton::worker {

// What is heard of one worker: its lines, each with the event that it belongs to as far as anybody
// can tell, and a report of each invocation that somebody wants one of. Shard-confined.
class WorkerVoice {
 public:
  using Clock = std::chrono::steady_clock;

  // All live longer.
  WorkerVoice(const config::Function& function, const std::string& worker,
              const InFlight& in_flight, const LineListener& lines, const ReportListener& reported)
      : function_(function),
        worker_(worker),
        in_flight_(in_flight),
        lines_(lines),
        reported_(reported) {}

  // Its first report has this time, and its memory so far.
  void ready(Clock::duration after, std::uint64_t memory);
  // A line of the process, or one about it. Null: there is no session.
  void tell(WorkerLine::Stream stream, std::string_view text, Session* session);
  // A result has come, `took` after what was before it. Its frame is still in flight, the call
  // still begun as far as the session tells: what it wrote is read and told, then its report.
  void answered(FrameId frame, const model::FrameResult& result, Clock::duration took,
                Session& session, Process& process);
  // The process has ended: reports the invocation that it was at, `took` after it began it.
  void ended(const model::WorkerLoss& loss, Clock::duration took, Session& session);

 private:
  Invocation at_hand(Session* session) const;
  bool wants_report(const Invocation& invocation) const;
  InvocationReport report_of(const Invocation& invocation, Clock::duration took);
  void look_at_memory(const Process& process);

  const config::Function& function_;
  const std::string& worker_;
  const InFlight& in_flight_;
  const LineListener& lines_;
  const ReportListener& reported_;
  std::optional<Clock::duration> init_;  // until it is reported
  Clock::time_point looked_{};           // at its memory
  std::uint64_t peak_memory_ = 0;
  bool has_written_ = false;
  std::optional<Invocation> answering_;  // while its output is read
};

}  // namespace pelton::worker
