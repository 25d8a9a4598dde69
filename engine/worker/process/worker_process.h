// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/function.h"
#include "engine/worker/pool/worker_pool.h"
#include "engine/worker/process/launch.h"
#include "engine/worker/process/output_lines.h"
#include "engine/worker/runtimes/native/codec.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace pelton::worker {

class WorkerProcess;

// Interface. What a worker tells its pool. None of these may destroy the worker.
class WorkerEvents {
 public:
  virtual ~WorkerEvents() = default;
  virtual void ready(WorkerProcess& worker) = 0;
  // A result came, for a frame that it has or for another. False: it contradicts its frame.
  virtual bool answered(WorkerProcess& worker, FrameId frame, model::FrameResult&& result) = 0;
  // That result took `events` off its frames; the time since the one before it, or since it had
  // something to do.
  virtual void moved_on(WorkerProcess& worker, std::uint32_t events,
                        std::chrono::nanoseconds time) = 0;
  // The process is gone and its output read. Once.
  virtual void ended(WorkerProcess& worker) = 0;
};

// A frame that the worker has.
struct InFlight {
  model::Frame frame;
  std::uint32_t covered = 0;
  std::uint32_t events = 0;
};

// One worker process: its socket, its output, its end. Shard-confined. Kept alive by its pool and
// by the operations that it has under way (the two owners of its shared_ptr).
class WorkerProcess : public std::enable_shared_from_this<WorkerProcess> {
 public:
  enum class State { starting, running, stopping, ended };
  using Clock = std::chrono::steady_clock;

  WorkerProcess(boost::asio::io_context& io, const config::Function& function, WorkerId id,
                WorkerEvents& events, LineListener lines);
  ~WorkerProcess();

  Status start(const Launch& launch);
  void send(model::Frame&& frame);
  // No more frames come: it ends after what it has.
  void close_input();
  // SIGKILL for the whole process group, with the reason that its loss will have.
  void kill(std::string cause, std::string type);
  // Looks at the progress page: true when the event at hand has not moved for `timeout`.
  bool stuck(Clock::time_point now, Duration timeout);
  // Tells of lines that were dropped, if it is time to.
  void tell_dropped(Clock::time_point now);

  const WorkerId id;
  const std::string name;
  State state = State::starting;
  bool retiring = false;  // gets no more frames, ends when it has none
  bool was_ready = false;
  bool batch_handler = false;  // takes its frames whole
  std::string start_error;     // what it said instead of being ready
  std::deque<InFlight> frames;
  std::uint64_t events_done = 0;
  Clock::time_point started{};
  Clock::time_point idle_since{};
  int pid() const { return process_.pid; }
  std::uint64_t memory_bytes() const;
  std::uint64_t cpu_us() const { return cpu_us_; }
  // Why it ended, and which event is to blame. After ended().
  model::WorkerLoss loss() const;
  const std::string& how_ended() const { return type_; }
  std::string last_lines() const;
  // Lets go of the operations under way; no callbacks come after it.
  void abandon();

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;
  struct Progress {
    std::uint64_t frame = 0;
    std::uint64_t index = 0;  // of the event at hand + 1; 0: none
    friend bool operator==(const Progress&, const Progress&) = default;
  };

  void read_socket();
  void expect_end();
  void on_bytes(std::size_t count);
  bool take_frame();
  void on_message(codec::FromWorker&& message);
  void on_answer(codec::Answer&& answer);
  bool cover(FrameId frame, std::uint32_t events);
  void protocol_error(const std::string& what);
  void write_next();
  Status adopt_descriptors();
  void read_output(Descriptor& from, OutputLines& lines, std::array<char, 16384>& buffer);
  void wait_end();
  void on_end();
  void maybe_ended();
  Progress progress() const;
  std::string event_at_hand() const;

  WorkerEvents* events_;
  const LineListener lines_;
  const config::Function& function_;
  Process process_;
  boost::asio::local::stream_protocol::socket socket_;
  Descriptor out_, err_, pidfd_;
  OutputLines out_lines_, err_lines_;
  std::array<char, 16384> out_buffer_;
  std::array<char, 16384> err_buffer_;
  std::string input_;  // bytes of frames not yet whole
  std::size_t input_used_ = 0;
  struct Outgoing {
    std::string header;
    model::BatchPtr batch;  // null: the header is all
  };
  std::deque<Outgoing> outgoing_;
  bool writing_ = false;
  bool input_closed_ = false;
  bool distrusted_ = false;  // sent what is no frame: what follows is dropped
  int open_outputs_ = 0;
  bool process_ended_ = false;
  void* page_ = nullptr;
  Progress last_seen_;
  Clock::time_point last_moved_{};
  Clock::time_point last_answer_{};
  std::string cause_ = "crash";
  std::string type_;
  std::uint64_t cpu_us_ = 0;
  boost::asio::steady_timer grace_;
};

}  // namespace pelton::worker
