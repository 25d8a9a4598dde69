// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/in_flight.h"

#include <algorithm>
#include <utility>

namespace pelton::worker {

void InFlight::add(model::Frame&& frame, std::size_t source) {
  const auto events = static_cast<std::uint32_t>(frame.batch->size());
  frames_.push_back({std::move(frame), source, 0, events});
}

const InFlight::Entry* InFlight::find(FrameId frame) const {
  const auto at =
      std::ranges::find(frames_, frame, [](const Entry& entry) { return entry.frame.id; });
  return at == frames_.end() ? nullptr : &*at;
}

std::optional<std::size_t> InFlight::source_of(FrameId frame) const {
  const Entry* entry = find(frame);
  return entry == nullptr ? std::nullopt : std::optional(entry->source);
}

std::vector<std::size_t> InFlight::sources() const {
  std::vector<std::size_t> all;
  for (const Entry& entry : frames_) all.push_back(entry.source);
  return all;
}

bool InFlight::cover(FrameId frame, std::uint32_t events) {
  const auto at =
      std::ranges::find(frames_, frame, [](const Entry& entry) { return entry.frame.id; });
  if (at == frames_.end()) return false;
  at->covered += events;
  if (at->covered < at->events) return false;
  frames_.erase(at);
  return true;
}

bool InFlight::cut(const Tail& tail) {
  const auto at =
      std::ranges::find(frames_, tail.frame, [](const Entry& entry) { return entry.frame.id; });
  if (at == frames_.end()) return false;
  at->events = std::clamp(tail.first, at->covered, at->events);
  if (at->covered < at->events) return false;
  frames_.erase(at);
  return true;
}

std::uint64_t InFlight::unanswered_events() const {
  std::uint64_t events = 0;
  for (const Entry& entry : frames_) events += entry.events - entry.covered;
  return events;
}

std::optional<Invocation> InFlight::unanswered(std::span<const Invocation> begun) const {
  for (const Invocation& one : begun) {
    const Entry* entry = find(one.frame);
    if (entry == nullptr || one.index >= entry->events) continue;
    if (std::uint64_t{one.index} + one.count > entry->covered) return one;
  }
  return std::nullopt;
}

std::optional<FrameId> InFlight::head() const {
  return frames_.empty() ? std::nullopt : std::optional(frames_.front().frame.id);
}

std::optional<Invocation> InFlight::single() const {
  if (frames_.empty() || frames_.front().events - frames_.front().covered != 1) return std::nullopt;
  return Invocation{frames_.front().frame.id, frames_.front().covered};
}

bool InFlight::watched(FrameId frame) const {
  const Entry* entry = find(frame);
  return entry != nullptr && entry->frame.watched;
}

std::string InFlight::place(const Invocation& invocation) const {
  const Entry* entry = find(invocation.frame);
  if (entry == nullptr || invocation.index >= entry->frame.batch->size()) return {};
  return fmt::format("{}/{}/{}", entry->frame.stream, entry->frame.partition.value,
                     entry->frame.base + entry->frame.batch->delta(invocation.index));
}

}  // namespace pelton::worker
