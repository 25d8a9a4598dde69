// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/frame.h"
#include "engine/worker/runtimes/lambda/document.h"
#include "engine/worker/runtimes/lambda/runtime_api.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

// What an answer of a function means for the events that it was given.
namespace pelton::worker::lambda {

// The events of a frame that must wait for one before them that failed: those of its key, or all.
class HeldBack {
 public:
  void begin(const model::Frame& frame);
  void failed(std::uint32_t index);
  void hold_all() { all_ = true; }
  bool holds(std::uint32_t index) const;

 private:
  model::BatchPtr batch_;
  model::Order order_ = model::Order::key;
  std::set<std::string_view> keys_;  // in the batch
  bool all_ = false;
};

// Events [first, first + count) of a frame, of which an invocation had a document.
struct Extent {
  std::uint32_t first = 0;
  std::uint32_t count = 1;
};

// Who makes an output, and when.
struct Maker {
  const std::string& function;
  WallTime now;
};

// The function failed as a whole. Of a batch nobody knows which event it was.
model::FrameResult failed_call(const Extent& extent, FunctionError&& error);
// An event that cannot be given to the function, and never will be.
model::FrameResult refused_event(std::uint32_t index, const Error& why);
// A single event's: an answer other than null is an output with the event's type, key and
// subject.
model::FrameResult single_result(const model::Frame& frame, std::uint32_t index,
                                 std::string_view answer, const std::string& content_type,
                                 const Maker& maker);
// A batch's: {"batchItemFailures": [{"itemIdentifier": ...}]} names the records that failed. Of
// Kinesis and DynamoDB the first of these counts, and nothing behind it is done; otherwise what
// waits for a failed event is not done either. No such member, or an empty one: all is done. One
// that names nothing, or what was not in the batch: the call has failed.
model::FrameResult batch_result(const model::Frame& frame, const Extent& extent,
                                const std::vector<std::string>& records, std::string_view answer,
                                HeldBack& held);

}  // namespace pelton::worker::lambda
