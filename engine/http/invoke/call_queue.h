// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/invoke/call.h"
#include "engine/thread/owned_mailbox.h"
#include "engine/thread/timer.h"
#include "engine/worker/pool/frame_source.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

namespace pelton::http {

// What may wait for the workers of one function; what comes beyond it is refused as overloaded.
struct CallLimits {
  std::size_t calls = 4096;
  std::uint64_t bytes = 64U << 20;
};

// The synchronous calls of one function: those that wait, oldest first, and those that workers
// have, one a frame. A call that has not begun is dropped when its caller goes, and given to
// another worker when its worker dies; one that has begun ends with its worker. Shard-confined.
class CallQueue final : public worker::FrameSource {
 public:
  CallQueue(thread::Mailbox& mailbox, boost::asio::io_context& io, CallLimits limits = {});
  ~CallQueue() override;

  void push(Call&& call);
  // Called when there is work; empty: nobody serves it.
  void on_work(std::function<void()> call) { on_work_ = std::move(call); }
  // What workers of the function write and use: kept in the records of the calls that it belongs
  // to. What a worker writes while it starts goes to the call that has waited longest.
  void wrote(const worker::WorkerLine& line);
  void reported(const worker::InvocationReport& report);
  // What waits is answered as stopping, and so is what comes.
  void close();

  std::size_t waiting() const { return waiting_.size(); }

  bool has_work() override { return !waiting_.empty(); }
  worker::FrameSourceTraits traits() const override { return {std::nullopt, false, true}; }
  std::optional<model::Frame> pull(WorkerId worker, const model::FrameLimits& limits) override;
  Status finished(WorkerId worker, FrameId frame, model::FrameResult&& result) override;
  void gave_back(WorkerId worker, FrameId frame, std::uint32_t first) override;
  void had_begun(WorkerId worker, FrameId frame) override;
  void lost(WorkerId worker, const model::WorkerLoss& loss) override;
  void cannot_start(const std::string& why) override;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Taken {
    Call call;
    WorkerId worker;
    bool begun = false;  // as its worker, which is lost, said last
  };

  CallRecord* record_of(FrameId frame);
  void wait_again(Call&& call);
  void look_soon();
  void look();
  void ask_callers();
  void drop(std::uint64_t number);
  void answer_overdue(Time now);

  const CallLimits limits_;
  thread::OwnedMailbox mailbox_;
  thread::Timer timer_;
  bool looking_ = false;
  int next_question_ = 0;  // looks until callers are asked
  bool closed_ = false;
  std::function<void()> on_work_;
  std::map<std::uint64_t, Call> waiting_;  // by the number in which they came
  std::uint64_t waiting_bytes_ = 0;
  std::map<FrameId, Taken> taken_;
  std::uint64_t next_number_ = 1;
  // Frames name their binding and stream, and outlive their call.
  std::set<std::string> names_;
};

}  // namespace pelton::http
