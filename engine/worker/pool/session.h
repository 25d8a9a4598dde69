// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/frame.h"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::worker {

// A call of a handler that has begun and not ended, as far as the process's protocol tells.
struct Invocation {
  FrameId frame;
  std::uint32_t index = 0;  // of the event in its frame
  std::chrono::steady_clock::time_point since{};
  std::uint32_t count = 1;  // events from there on that one call handles together
  std::string id{};         // by which the function knows it; empty: it has none
};

// The events of a frame from `first` on.
struct Tail {
  FrameId frame;
  std::uint32_t first = 0;
};

// Interface. What a session hears from its process. None of these may destroy the session.
class SessionEvents {
 public:
  virtual ~SessionEvents() = default;
  // It can take invocations. `whole_frames`: its handler takes all events of a frame in one call.
  virtual void ready(bool whole_frames) = 0;
  // It cannot serve, and will end by itself: what and where, for the operator.
  virtual void start_failed(std::string why, std::string stack) = 0;
  // Outcomes of events of a frame, checked for form only.
  virtual void answered(FrameId frame, model::FrameResult&& result) = 0;
  // It has not begun these events, and will not: the frame ends before them.
  virtual void gave_back(const Tail& tail) = 0;
  // It does not keep to the protocol; nothing further is heard from it.
  virtual void broken(std::string what) = 0;
  // A line that it wrote by its protocol instead of to its standard output.
  virtual void logged(std::string_view line) = 0;
  // It closed its end of the connection.
  virtual void hung_up() = 0;
  // After end_input(): it waits for more, which its protocol has no way to deny. It can be ended.
  virtual void at_rest() = 0;
};

// Interface. Speaks one process's protocol: the only part of a worker that knows one. Made by a
// RuntimeSpec before its process is started. Shard-confined. Destroying it closes the connection;
// no event comes after that.
class Session {
 public:
  virtual ~Session() = default;
  // The process runs: speak to it. `events` outlives the session.
  virtual Status start(SessionEvents& events, pid_t process) = 0;
  // What the operator can do when it ended before it was ready and these were its last lines.
  // Empty: that is not known.
  virtual std::string advice(std::string_view /*last_lines*/) const { return {}; }
  // How many more frames it takes now.
  virtual std::size_t room() const = 0;
  // How many invocations it has under way at once, at most.
  virtual std::size_t at_once() const { return 1; }
  // Hands over a frame, within room(). It is answered by one or several `answered`.
  virtual void invoke(const model::Frame& frame) = 0;
  // Gives one invocation up. False: this protocol has no way to; the process has to be ended.
  virtual bool cancel(const Invocation& invocation) = 0;
  // Every invocation that it has begun, and since when as seen at `now` and before.
  virtual std::vector<Invocation> begun(std::chrono::steady_clock::time_point now) = 0;
  // To be called every few milliseconds while frames wait behind an event that takes longer than
  // `patience`: asks for what the process has not begun, and tells what it will not begin. After
  // that the session has no room until the process has moved on.
  virtual std::vector<Tail> take_back(std::chrono::steady_clock::time_point,
                                      std::chrono::nanoseconds /*patience*/) {
    return {};
  }
  // True: what it has not begun, it has not seen either. A process that ends while nothing has
  // begun ended by itself, and no event is to blame.
  virtual bool hands_over_one_by_one() const = 0;
  // No more frames come: the process ends, or is at_rest(), once it has answered what it has.
  virtual void end_input() = 0;
};

}  // namespace pelton::worker
