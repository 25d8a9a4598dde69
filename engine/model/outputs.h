// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/frame.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

// The outputs of a result and the streams that they go to.
namespace pelton::model {

// Value. One of the streams that a binding writes.
struct OutputStream {
  std::string name;
  StreamId stream{};
  std::uint32_t partitions = 0;  // 0: it is a topic, and outputs are there before their settlement
};

// Of a result's outputs, those for one stream, in order.
struct StreamPart {
  std::size_t stream = 0;                // index among the binding's
  BatchPtr batch;                        // the result's own when it is for all of them
  std::vector<std::uint32_t> positions;  // of each, among the result's outputs; empty: the same
};
// Those that have any, ascending. Each output has a stream (fail_unknown_streams()).
std::vector<StreamPart> split_by_stream(const FrameResult& result,
                                        std::span<const OutputStream> streams);

// The event, by its index in the frame, that made an output.
std::uint32_t parent_of(const FrameResult& result, std::size_t output);

// The events at these indices fail, and what they made is dropped. One that is not done in any case
// takes the failure given here.
void fail_events(FrameResult& result, std::map<std::uint32_t, Failure> failures);

// An event with an output for a stream that the binding does not write fails, to be retried: it may
// be the config that is wrong.
void fail_unknown_streams(FrameResult& result, std::span<const OutputStream> streams);

}  // namespace pelton::model
