// SPDX-License-Identifier: Apache-2.0
#include "engine/store/histories.h"

#include "engine/store/codec.h"

#include <utility>

namespace pelton::store {

void Histories::add(const std::string& key, std::string state, bool appends) {
  Written& written = building_.try_emplace(key, appends).first->second;
  if (!appends) written = {};
  written.states.push_back(std::move(state));
}

void Histories::end_group() {
  built_ = std::exchange(building_, {});
}

model::RetryState Histories::find(const std::string& key) const {
  model::RetryState all;
  if (const auto stored = database_.get(Family::retries, key); stored && *stored)
    all = codec::decode_retry(**stored).value_or(model::RetryState{});
  join(built_, key, all);
  join(building_, key, all);
  return all;
}

void Histories::join(const Group& group, const std::string& key, model::RetryState& all) {
  const auto found = group.find(key);
  if (found == group.end()) return;
  if (!found->second.appends) all = {};
  for (const std::string& encoded : found->second.states) {
    auto state = codec::decode_retry(encoded);
    // Those up to all.attempts were applied in the meantime.
    if (!state || state->attempts <= all.attempts) continue;
    for (model::Attempt& attempt : state->history) add_attempt(all, std::move(attempt));
    all.attempts = state->attempts;
  }
}

}  // namespace pelton::store
