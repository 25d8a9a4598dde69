// SPDX-License-Identifier: Apache-2.0
#include "engine/dead_letters/dead_letter_index.h"

#include <algorithm>

namespace pelton::dead_letters {

void DeadLetterIndex::add(const model::DeadLetterId& id, LetterPlace at) {
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
  else if (same->offset < at.offset)
    *same = at;
}

void DeadLetterIndex::remove(const model::DeadLetterId& id, LetterPlace up_to) {
  const auto found = letters_.find(id);
  if (found == letters_.end()) return;
  std::erase_if(found->second, [&](const LetterPlace& place) {
    return place.partition == up_to.partition && place.offset <= up_to.offset;
  });
  if (found->second.empty()) drop(found);
}

void DeadLetterIndex::trim(PartitionId partition, Offset earliest) {
  for (auto at = letters_.begin(); at != letters_.end();) {
    std::erase_if(at->second, [&](const LetterPlace& place) {
      return place.partition == partition && place.offset < earliest;
    });
    at = at->second.empty() ? drop(at) : std::next(at);
  }
}

void DeadLetterIndex::clear() {
  letters_.clear();
  counts_.clear();
  complete_ = true;
}

DeadLetterIndex::DeadLetters::iterator DeadLetterIndex::drop(DeadLetters::iterator at) {
  --counts_[at->first.binding];
  return letters_.erase(at);
}

std::vector<LetterPlace> DeadLetterIndex::places(const model::DeadLetterId& id) const {
  const auto found = letters_.find(id);
  return found == letters_.end() ? std::vector<LetterPlace>{} : found->second;
}

DeadLetterIndex::Page DeadLetterIndex::page(BindingId binding,
                                            std::optional<model::DeadLetterId> after,
                                            Limits limits) const {
  Page page;
  std::uint64_t bytes = 0;
  auto at =
      after ? letters_.upper_bound(*after) : letters_.lower_bound({binding, PartitionId{0}, 0});
  for (; at != letters_.end() && at->first.binding == binding; ++at) {
    for (const LetterPlace& place : at->second) bytes += place.bytes;
    page.more = !page.ids.empty() && (page.ids.size() >= limits.letters || bytes > limits.bytes);
    if (page.more) break;
    page.ids.push_back(at->first);
  }
  return page;
}

std::uint64_t DeadLetterIndex::count(BindingId binding,
                                     std::optional<PartitionId> partition) const {
  const auto known = counts_.find(binding);
  if (known == counts_.end() || !partition) return known == counts_.end() ? 0 : known->second;
  const auto begin = letters_.lower_bound({binding, *partition, 0});
  const auto end = letters_.lower_bound({binding, PartitionId{partition->value + 1}, 0});
  return static_cast<std::uint64_t>(std::distance(begin, end));
}

}  // namespace pelton::dead_letters
