// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/letter_index.h"

#include <algorithm>

namespace pelton::runtime {

void LetterIndex::add(const store::DeadLetterId& id, LetterPlace at) {
  auto found = letters_.find(id);
  if (found == letters_.end()) {
    if (letters_.size() >= most_) {
      complete_ = false;
      return;
    }
    found = letters_.emplace(id, std::vector<LetterPlace>{}).first;
    ++counts_[id.binding];
  }
  auto& places = found->second;
  const auto same = std::ranges::find(places, at.partition, &LetterPlace::partition);
  if (same == places.end())
    places.push_back(at);
  else
    same->offset = std::max(same->offset, at.offset);
}

void LetterIndex::remove(const store::DeadLetterId& id, LetterPlace up_to) {
  const auto found = letters_.find(id);
  if (found == letters_.end()) return;
  std::erase_if(found->second, [&](const LetterPlace& place) {
    return place.partition == up_to.partition && place.offset <= up_to.offset;
  });
  if (found->second.empty()) drop(found);
}

void LetterIndex::trim(PartitionId partition, Offset earliest) {
  for (auto at = letters_.begin(); at != letters_.end();) {
    std::erase_if(at->second, [&](const LetterPlace& place) {
      return place.partition == partition && place.offset < earliest;
    });
    at = at->second.empty() ? drop(at) : std::next(at);
  }
}

void LetterIndex::clear() {
  letters_.clear();
  counts_.clear();
  complete_ = true;
}

LetterIndex::Letters::iterator LetterIndex::drop(Letters::iterator at) {
  --counts_[at->first.binding];
  return letters_.erase(at);
}

std::vector<LetterPlace> LetterIndex::places(const store::DeadLetterId& id) const {
  const auto found = letters_.find(id);
  return found == letters_.end() ? std::vector<LetterPlace>{} : found->second;
}

std::vector<store::DeadLetterId> LetterIndex::ids(BindingId binding,
                                                  std::optional<store::DeadLetterId> after,
                                                  std::size_t most) const {
  std::vector<store::DeadLetterId> found;
  auto at =
      after ? letters_.upper_bound(*after) : letters_.lower_bound({binding, PartitionId{0}, 0});
  for (; at != letters_.end() && at->first.binding == binding && found.size() < most; ++at)
    found.push_back(at->first);
  return found;
}

}  // namespace pelton::runtime
