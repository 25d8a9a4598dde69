// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/thread/timer.h"
#include "engine/worker/pool/runtime_spec.h"
#include "engine/worker/runtimes/http/frame_work.h"
#include "engine/worker/runtimes/http/process_end.h"
#include "engine/worker/runtimes/http/readiness.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::worker::http {

// Sends the events of its frames to one process as requests, several at once if the function allows
// it, each on a connection that is kept.
class HttpSession final : public Session {
 public:
  HttpSession(const WorkerSetup& setup, const Options& options);

  // Chooses a port, which is free at this moment. Before start(). E3001.
  Status choose_port();
  std::uint16_t port() const { return port_; }

  Status start(SessionEvents& events, pid_t process) override;
  std::size_t room() const override;
  std::size_t at_once() const override { return options_.concurrency; }
  void invoke(const model::Frame& frame) override;
  bool cancel(const Invocation&) override { return false; }
  std::vector<Invocation> begun(std::chrono::steady_clock::time_point now) override;
  std::vector<Tail> take_back(std::chrono::steady_clock::time_point now,
                              std::chrono::nanoseconds patience) override;
  bool hands_over_one_by_one() const override { return true; }
  void end_input() override;

 private:
  using Time = std::chrono::steady_clock::time_point;
  // A request under way: its event has begun.
  struct Call {
    FrameWork* work = nullptr;
    std::uint32_t index = 0;
    Time since{};
    bool passed_on = false;
    bool sent_again = false;
    std::optional<Error> broken;  // its connection; whether the process has ended is to be seen
  };
  // Of one request at a time.
  struct Line {
    std::unique_ptr<Connection> connection;
    std::optional<Call> call;
  };

  void became_ready(const Address& address, Result<std::unique_ptr<Connection>>&& connection);
  void process_ended();
  Line* free_line();
  void begin_what_can();
  void begin(Line& line, FrameWork& work, std::uint32_t index);
  void send(Line& line, Request&& request);
  void dispatch(Line& line, Request&& request);
  void answered(Line& line, Result<Answer>&& answer);
  void refused(Line& line);
  void lost_connection(Line& line, Error&& error);
  void give_up_broken();
  void finish(Line& line, Outcome&& outcome);
  void tell(FrameWork& work);
  void tell_soon();
  void tell_all();
  bool all_broken() const;

  boost::asio::io_context& io_;
  const config::Function& function_;
  const Options options_;
  std::uint16_t port_ = 0;
  Sender sender_;
  pid_t process_ = -1;
  SessionEvents* events_ = nullptr;
  Readiness readiness_;
  ProcessEnd end_;
  Address address_;
  bool ready_ = false;
  bool ending_ = false;
  bool process_gone_ = false;
  bool listens_ = true;
  std::vector<Line> lines_;
  std::deque<std::unique_ptr<FrameWork>> frames_;
  thread::Timer broken_;  // until what has a broken connection is given up
  // Owned by this alone; what is posted looks whether it still is there.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace pelton::worker::http
