// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch_builder.h"
#include "engine/worker/pool/session.h"
#include "engine/worker/runtimes/http/outcome.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace pelton::worker::http {

// How far a session has come with one frame: which event may begin next, so that the frame's order
// holds with several at once, and which outcomes can be told, which is in the order of the events.
class FrameWork {
 public:
  explicit FrameWork(const model::Frame& frame);

  const model::Frame& frame() const { return frame_; }
  // The next event to begin, which has begun then. Events that must wait for one that has failed
  // end as skipped meanwhile.
  std::optional<std::uint32_t> next();
  // It has not begun after all.
  void put_back(std::uint32_t index);
  // It has begun, and ends.
  void ended(std::uint32_t index, Outcome&& outcome);
  // The outcomes that can be told, or the first megabyte of them; nothing: none can.
  std::optional<model::FrameResult> take_result();
  // All has been told.
  bool over() const { return told_ == events_; }
  // Bytes of outcomes that wait for one before them.
  std::size_t held_bytes() const { return held_bytes_; }
  // Gives the events behind the last one that has begun back; nothing: there are none.
  std::optional<Tail> give_back();

 private:
  enum class State : std::uint8_t { waiting, begun, ended };

  bool may_begin(std::uint32_t index);
  bool has_key(std::uint32_t index) const;

  model::Frame frame_;
  std::uint32_t events_ = 0;  // that are not given back
  std::uint32_t told_ = 0;
  std::uint32_t first_waiting_ = 0;  // none before it waits
  std::uint32_t begun_ = 0;
  bool failed_ = false;
  std::vector<State> states_;
  std::set<std::string_view> busy_, bad_;  // keys, in the batch
  std::map<std::uint32_t, Outcome> outcomes_;
  std::size_t held_bytes_ = 0;
  model::BatchBuilder builder_;
};

}  // namespace pelton::worker::http
