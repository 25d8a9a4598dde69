// SPDX-License-Identifier: Apache-2.0
// After too many failures in a row a binding pauses, and tries one event at a time.
#include "tests/simulation/history.h"

namespace pelton::simulation {

void History::check_pause(const model::Frame& frame) {
  if (!pause_.open) return;
  if (scheduler_.now() < pause_.until) violation("frame {} goes in a pause", frame.id.value);
  if (frame.batch->size() > 1)
    violation("frame {} has {} events to find out whether the function works again", frame.id.value,
              frame.batch->size());
  if (!frames_.empty())
    violation("frame {} goes while another is to show that the function works again",
              frame.id.value);
  pause_.probe = frame.id;
}

void History::tell_pause(const OpenFrame& open, FrameId id, const model::FrameResult& result) {
  std::uint32_t untried = 0;
  std::vector<std::uint32_t> failed;
  for (const model::Failure& failure : result.not_done) {
    if (failure.code == model::OutcomeCode::fail) continue;
    ++untried;
    if (failure.code == model::OutcomeCode::retry && failure.counts)
      failed.push_back(failure.index);
  }
  // Of replays only those that are done tell something: others have failed before.
  if (open.replay && !result.not_done.empty()) return;
  if (untried < result.count) {
    pause_ = {};
    last_done_ = scheduler_.wall();
    return;
  }
  for (const std::uint32_t index : failed)
    failed_in_a_row(id, {open.partition, open.offsets.at(index)});
}

std::optional<History::Key> History::key_at(const Place& place) const {
  const auto lane = scenario_.lane(*partitions_.at(place.first).events.at(place.second).message);
  return lane ? std::optional(Key{place.first, *lane}) : std::nullopt;
}

// Its event used up its attempts while others were done: what fails of the key is the events'
// fault.
void History::gave_up(const model::DeadLetter& letter) {
  if (letter.replays > 0 || letter.retry.attempts == 0) return;
  const auto key = key_at({letter.id.partition, letter.id.offset});
  if (key && last_done_ >= letter.retry.first) bad_keys_.insert(*key);
}

void History::failed_in_a_row(FrameId id, const Place& place) {
  const config::Breaker& breaker = scenario_.binding.delivery.breaker;
  // By a rate it pauses earlier than after so many in a row.
  if (breaker.failures == 0 || breaker.rate) return;
  const bool first = at(place.first).events.at(place.second).trouble.failures == 0;
  if (pause_.open) {
    if (pause_.probe != id) return;
    if (first && ++pause_.probes < breaker.failures) return;
    pause_.probes = 0;
    pause_.until = scheduler_.now() + breaker.first;
    return;
  }
  const auto key = key_at(place);
  if (!first || (key && bad_keys_.contains(*key))) return;
  pause_.in_a_row.insert(place);
  if (pause_.in_a_row.size() < breaker.failures) return;
  ++seen.pauses;
  pause_.open = true;
  pause_.until = scheduler_.now() + breaker.first;
}

}  // namespace pelton::simulation
