// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/http/frame_work.h"

#include <algorithm>
#include <utility>

namespace pelton::worker::http {
namespace {

// How many events that have to wait for one of their key are looked past.
constexpr std::uint32_t kLookAhead = 64;
// Of outputs in one result.
constexpr std::size_t kResultBytes = 1U << 20;

void add_output(model::BatchBuilder& builder, const Output& output) {
  model::EventView event;
  event.id = output.id;
  event.source = output.source;
  event.type = output.type;
  event.subject = output.subject;
  event.content_type = output.content_type;
  event.key = output.key;
  event.has_key = output.has_key;
  event.data = output.data;
  event.has_data = output.has_data;
  event.time_us = output.time_us;
  for (const net::Field& field : output.headers) event.headers.push_back({field.name, field.value});
  builder.add(event);
}

}  // namespace

FrameWork::FrameWork(const model::Frame& frame)
    : frame_(frame),
      events_(static_cast<std::uint32_t>(frame.batch->size())),
      states_(events_, State::waiting) {}

bool FrameWork::has_key(std::uint32_t index) const {
  return frame_.order == model::Order::key && frame_.batch->has_key(index);
}

// One that must not begin at all ends here.
bool FrameWork::may_begin(std::uint32_t index) {
  const bool bad = frame_.order == model::Order::partition
                       ? failed_
                       : has_key(index) && bad_.contains(frame_.batch->key(index));
  if (bad) {
    states_[index] = State::ended;
    outcomes_.emplace(index, skipped_event());
    return false;
  }
  if (frame_.order == model::Order::partition) return begun_ == 0;
  return !has_key(index) || !busy_.contains(frame_.batch->key(index));
}

std::optional<std::uint32_t> FrameWork::next() {
  std::uint32_t passed = 0;
  for (std::uint32_t i = first_waiting_; i < events_ && passed < kLookAhead; ++i) {
    if (states_[i] == State::waiting && may_begin(i)) {
      states_[i] = State::begun;
      ++begun_;
      if (has_key(i)) busy_.insert(frame_.batch->key(i));
      if (i == first_waiting_) ++first_waiting_;
      return i;
    }
    if (states_[i] == State::waiting)
      ++passed;
    else if (i == first_waiting_)
      ++first_waiting_;
  }
  return std::nullopt;
}

void FrameWork::put_back(std::uint32_t index) {
  states_[index] = State::waiting;
  --begun_;
  if (has_key(index)) busy_.erase(frame_.batch->key(index));
  first_waiting_ = std::min(first_waiting_, index);
}

void FrameWork::ended(std::uint32_t index, Outcome&& outcome) {
  states_[index] = State::ended;
  --begun_;
  if (has_key(index)) busy_.erase(frame_.batch->key(index));
  if (outcome.failure) {
    failed_ = true;
    if (has_key(index)) bad_.insert(frame_.batch->key(index));
  }
  held_bytes_ += outcome.bytes();
  outcomes_.emplace(index, std::move(outcome));
}

std::optional<model::FrameResult> FrameWork::take_result() {
  model::FrameResult result;
  result.first = told_;
  std::size_t bytes = 0;
  for (auto at = outcomes_.begin();
       at != outcomes_.end() && at->first == told_ && bytes < kResultBytes;
       at = outcomes_.erase(at), ++told_) {
    Outcome& outcome = at->second;
    ++result.count;
    bytes += outcome.bytes();
    if (outcome.failure) {
      outcome.failure->index = told_;
      result.not_done.push_back(std::move(*outcome.failure));
    }
    for (const Output& output : outcome.outputs) {
      add_output(builder_, output);
      result.output_parents.push_back(told_);
    }
  }
  if (result.count == 0) return std::nullopt;
  held_bytes_ -= bytes;
  if (!builder_.empty()) result.outputs = builder_.finish();
  return result;
}

std::optional<Tail> FrameWork::give_back() {
  std::uint32_t end = events_;
  while (end > told_ && states_[end - 1] == State::waiting) --end;
  if (end == events_) return std::nullopt;
  events_ = end;
  return Tail{frame_.id, end};
}

}  // namespace pelton::worker::http
