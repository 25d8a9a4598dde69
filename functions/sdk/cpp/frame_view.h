// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch.h"
#include "engine/model/batch_builder.h"
#include "functions/sdk/cpp/include/pelton/function.h"

#include <deque>
#include <string>
#include <string_view>
#include <vector>

// Internal: a frame as the C++ SDK sees it.
namespace pelton::detail {

struct FrameView {
  std::uint64_t id = 0;
  std::string stream;
  std::string binding;
  std::string function;
  std::uint32_t partition = 0;
  std::int64_t base = 0;
  std::uint64_t order = 0;  // pelton.v1.Invoke.Order
  std::vector<std::uint32_t> attempts;
  std::string keys;
  std::vector<std::uint32_t> key_ends;
  std::string key_prefix;
  std::chrono::milliseconds timeout{};
  std::int64_t received_us = 0;
  std::chrono::steady_clock::time_point begun{};  // the event at hand
  model::BatchPtr batch;

  std::int64_t offset(std::size_t i) const { return base + batch->delta(i); }
  std::string place(std::size_t i) const {
    return stream + "/" + std::to_string(partition) + "/" + std::to_string(offset(i));
  }
};

// Outputs of the frame at hand, with the index of each one's event.
struct OutputSink {
  const FrameView* frame = nullptr;
  model::BatchBuilder builder;
  std::vector<std::string> streams;           // that outputs name
  std::vector<std::uint32_t> stream_numbers;  // of each output; from 1, 0: it names none
  std::vector<std::uint32_t> parents;
  std::vector<Output> at_hand;    // of the event at hand; their texts live in `texts`
  std::deque<std::string> texts;  // a deque: its strings stay where they are
  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const std::string& text : texts) sum += text.size();
    return sum;
  }
};

// The fields of an Invoke message; false when it is malformed.
bool read_invoke(std::string_view message, FrameView& frame);

}  // namespace pelton::detail
