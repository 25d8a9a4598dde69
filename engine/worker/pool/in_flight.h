// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/frame.h"
#include "engine/worker/pool/session.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pelton::worker {

// The frames that one worker has, in the order in which it got them, and how far each is answered.
class InFlight {
 public:
  bool empty() const { return frames_.empty(); }
  std::size_t size() const { return frames_.size(); }
  void add(model::Frame&& frame, std::size_t source);
  // The source that the frame came from; nothing for a frame that the worker does not have.
  std::optional<std::size_t> source_of(FrameId frame) const;
  std::vector<std::size_t> sources() const;
  // The next `events` events of the frame are answered. True: that was the last of it, it is gone.
  bool cover(FrameId frame, std::uint32_t events);
  // The frame ends before that tail. True: nothing of it is left, it is gone.
  bool cut(const Tail& tail);
  // Of all frames.
  std::uint64_t unanswered_events() const;
  // The first of these invocations of which an event has no answer yet: the one to blame.
  std::optional<Invocation> unanswered(std::span<const Invocation> begun) const;
  // The oldest frame that is not answered: workers take theirs in order. Nothing: there is none.
  std::optional<FrameId> head() const;
  // The oldest frame that is not answered, where all that is left of it is one event.
  std::optional<Invocation> single() const;
  bool watched(FrameId frame) const;
  // "<stream>/<partition>/<offset>" of the event; empty when the worker does not have it.
  std::string place(const Invocation& invocation) const;

 private:
  struct Entry {
    model::Frame frame;
    std::size_t source = 0;
    std::uint32_t covered = 0;
    std::uint32_t events = 0;  // that are the worker's
  };
  const Entry* find(FrameId frame) const;

  std::deque<Entry> frames_;
};

}  // namespace pelton::worker
