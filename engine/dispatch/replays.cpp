// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/replays.h"

namespace pelton::dispatch {
namespace {

std::uint64_t bytes_of(const model::DeadLetter& letter) {
  return letter.event->bytes().size() + model::bytes_of(letter.retry);
}

}  // namespace

Replay* Replays::add(const model::DeadLetter& letter) {
  if (ending_.contains(letter.id)) return nullptr;
  const auto [at, added] = replays_.try_emplace(letter.id);
  if (!added) return nullptr;
  at->second.letter = letter;
  memory_.set(memory_.bytes() + bytes_of(letter));
  at->second.serial = next_serial_++;
  serials_.emplace(at->second.serial, letter.id);
  ready_.push_back(letter.id);
  return &at->second;
}

void Replays::end(const model::DeadLetterId& id) {
  ending_.insert(id);
  const auto at = replays_.find(id);
  serials_.erase(at->second.serial);
  memory_.set(memory_.bytes() - bytes_of(at->second.letter));
  replays_.erase(at);
}

std::optional<model::DeadLetterId> Replays::pop_ready() {
  if (ready_.empty()) return std::nullopt;
  const model::DeadLetterId id = ready_.front();
  ready_.pop_front();
  return id;
}

void Replays::wait_for_lane(const model::DeadLetterId& id, LaneKey lane) {
  behind_lanes_[{id.partition, lane}].push_back(id);
}

void Replays::lane_free(PartitionId partition, LaneKey lane) {
  const auto at = behind_lanes_.find({partition, lane});
  if (at == behind_lanes_.end()) return;
  ready_.push_back(at->second.front());
  at->second.pop_front();
  if (at->second.empty()) behind_lanes_.erase(at);
}

void Replays::forget_lanes(PartitionId partition) {
  std::erase_if(behind_lanes_, [&](const auto& place) {
    if (place.first.first != partition) return false;
    ready_.insert(ready_.end(), place.second.begin(), place.second.end());
    return true;
  });
}

void Replays::key_free(std::uint64_t serial) {
  if (const auto at = serials_.find(serial); at != serials_.end()) ready_.push_back(at->second);
}

std::optional<WallTime> Replays::next_due() const {
  return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
}

void Replays::wake_due(WallTime now) {
  while (!due_.empty() && due_.begin()->first <= now) {
    ready_.push_back(due_.begin()->second);
    due_.erase(due_.begin());
  }
}

}  // namespace pelton::dispatch
