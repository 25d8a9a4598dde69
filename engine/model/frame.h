// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/model/batch.h"
#include "engine/model/event_form.h"
#include "engine/model/order.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Values that a dispatcher and the workers of its function exchange.
namespace pelton::model {

// Frame ids carry their binding in the upper bits, so that a function with several bindings routes
// a result without a table.
inline constexpr int kFrameBindingShift = 40;
inline FrameId first_frame_of(BindingId binding) {
  return FrameId{(static_cast<std::uint64_t>(binding.value) << kFrameBindingShift) + 1};
}
inline BindingId binding_of(FrameId frame) {
  return BindingId{static_cast<std::uint32_t>(frame.value >> kFrameBindingShift)};
}

// Stands for no worker: has the answered events of a frame whose outputs are on their way elsewhere
// (Dispatcher::hold). It is never lost.
inline constexpr WorkerId kHeld{~std::uint64_t{0}};

// The most that a worker takes at once; the binding's own limits apply as well. At least one event
// is given, however large.
struct FrameLimits {
  std::uint32_t events = 1;
  std::uint64_t bytes = 0;
};

// Events of one partition for one worker, in offset order but for replayed dead letters (alone in a
// frame).
struct Frame {
  FrameId id;
  std::string_view binding;  // these two live as long as the dispatcher
  std::string_view stream;
  PartitionId partition;
  Offset base = 0;  // event i has offset base + batch->delta(i)
  Order order = Order::key;
  BatchPtr batch;                       // a stored batch as it is, or gathered from several
  std::vector<std::uint32_t> attempts;  // of each event, from 1; empty: all 1
  // Idempotency keys of the events; empty: each is `key_prefix` and its offset.
  std::vector<std::string> idempotency_keys;
  std::string key_prefix;
  Offset settled = 0;               // of its partition: the durable cursor as the frame was made
  const EventForm* form = nullptr;  // lives as long as the dispatcher; null: that of a fresh one
  // Whoever gave it wants to hear what its invocation writes and uses.
  bool watched = false;
};

enum class OutcomeCode : std::uint8_t { done = 0, retry = 1, fail = 2, skipped = 3 };

// Why one event of a frame is not done.
struct Failure {
  std::uint32_t index = 0;  // in the frame
  OutcomeCode code = OutcomeCode::retry;
  std::string type;  // "ValueError"
  std::string message;
  std::string stack;
  std::optional<Duration> retry_after;  // the function asked for it
  bool counts = true;                   // false: an infrastructure fault, no attempt is used up
};

// What became of events [first, first + count) of a frame. Results of a frame come in order and may
// be several.
struct FrameResult {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::vector<Failure> not_done;  // ascending by index; every other event is done
  BatchPtr outputs;               // null: none
  std::vector<std::uint32_t>
      output_parents;                // index in the frame of each output's event, ascending;
                                     // empty: output j belongs to event first + j
  std::vector<std::string> streams;  // that outputs name
  std::vector<std::uint32_t> output_streams;  // of each output: i: streams[i - 1]; 0: it names
                                              // none, so the binding's first; empty: all 0
  // One call had all these events and failed, and its failure is the only one in `not_done`. Nobody
  // knows which event it was: they come again in halves, and one that is alone takes the failure.
  bool together = false;
};

// A worker that will not answer any more. Its frames in flight come back.
struct WorkerLoss {
  std::string worker;   // its name, for the attempt's history
  std::string cause;    // crash | timeout; engine: none of the events is to blame
  std::string type;     // "signal 9", "exit 1", "timeout after 30s"
  std::string message;  // its last words (stderr), bounded
  // The frame that it was at, of all its frames whatever their binding. Absent: it had none. Nobody
  // is to blame then, nor when the cause is `engine`.
  std::optional<FrameId> frame;
  // The event of that frame that it had begun and not finished: it takes the blame (an attempt and,
  // unless the cause is a time-out, a worker kill). Absent: unknown. The frame is then narrowed
  // down: its unanswered events come again in halves, and one that is alone takes the blame.
  std::optional<std::uint32_t> index;
};

}  // namespace pelton::model
