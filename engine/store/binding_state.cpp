// SPDX-License-Identifier: Apache-2.0
#include "engine/store/binding_state.h"

#include "engine/store/codec.h"
#include "engine/store/keys.h"

#include <algorithm>

namespace pelton::store {

Status BindingState::open(BindingId binding) {
  std::lock_guard lock(mutex_);
  if (states_.contains(binding)) return {};
  State& state = states_[binding];
  std::string prefix;
  keys::put_u32(prefix, binding.value);
  Status bad;
  auto read = database_.scan(Family::cursors, prefix, prefix, [&](auto key, auto value) {
    key.remove_prefix(4);
    const StreamId stream{keys::take_u32(key)};
    const PartitionId partition{keys::take_u32(key)};
    auto cursor = codec::decode_cursor(value);
    if (cursor)
      state.cursors[{stream, partition}] = cursor->settled;
    else
      bad = std::unexpected(cursor.error());
    return cursor.has_value();
  });
  if (!read || !bad) return read ? bad : read;
  return database_.scan(Family::letter_keys, prefix, prefix, [&](auto key, auto) {
    state.letters.insert(keys::dead_letter_id(key));
    return true;
  });
}

void BindingState::set_cursor(BindingId binding, model::StreamPartition at,
                              const model::Progress& cursor) {
  std::lock_guard lock(mutex_);
  states_[binding].cursors[at] = cursor.settled;
}

void BindingState::add_dead_letter(const model::DeadLetterId& id) {
  std::lock_guard lock(mutex_);
  states_[id.binding].letters.insert(id);
}

void BindingState::remove_dead_letter(const model::DeadLetterId& id) {
  std::lock_guard lock(mutex_);
  removed_letters_ += states_[id.binding].letters.erase(id);
}

void BindingState::forget(StreamId stream) {
  std::lock_guard lock(mutex_);
  for (auto& [binding, state] : states_)
    std::erase_if(state.cursors, [&](const auto& cursor) { return cursor.first.stream == stream; });
}

void BindingState::forget(BindingId binding, StreamId stream) {
  std::lock_guard lock(mutex_);
  std::erase_if(states_[binding].cursors,
                [&](const auto& cursor) { return cursor.first.stream == stream; });
}

void BindingState::forget(BindingId binding) {
  std::lock_guard lock(mutex_);
  const auto state = states_.find(binding);
  if (state == states_.end()) return;
  removed_letters_ += state->second.letters.size();
  states_.erase(state);
}

std::optional<Offset> BindingState::lowest_cursor(model::StreamPartition at) const {
  std::lock_guard lock(mutex_);
  std::optional<Offset> lowest;
  for (const auto& [binding, state] : states_)
    if (const auto found = state.cursors.find(at); found != state.cursors.end())
      lowest = std::min(lowest.value_or(found->second), found->second);
  return lowest;
}

std::optional<Offset> BindingState::cursor(BindingId binding, model::StreamPartition at) const {
  std::lock_guard lock(mutex_);
  const auto state = states_.find(binding);
  if (state == states_.end()) return std::nullopt;
  const auto found = state->second.cursors.find(at);
  return found == state->second.cursors.end() ? std::nullopt : std::optional(found->second);
}

bool BindingState::has_dead_letter(const model::DeadLetterId& id) const {
  std::lock_guard lock(mutex_);
  const auto state = states_.find(id.binding);
  return state != states_.end() && state->second.letters.contains(id);
}

std::uint64_t BindingState::all_letters() const {
  std::lock_guard lock(mutex_);
  std::uint64_t all = 0;
  for (const auto& [binding, state] : states_) all += state.letters.size();
  return all;
}

std::uint64_t BindingState::removed_letters() const {
  std::lock_guard lock(mutex_);
  return removed_letters_;
}

std::uint64_t BindingState::dead_letters(BindingId binding) const {
  std::lock_guard lock(mutex_);
  const auto state = states_.find(binding);
  return state == states_.end() ? 0 : state->second.letters.size();
}

}  // namespace pelton::store
