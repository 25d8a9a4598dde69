// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/work_sources.h"

#include <algorithm>
#include <utility>

namespace pelton::worker {

WorkSources::WorkSources(std::vector<FrameSource*> sources) {
  for (FrameSource* source : sources) entries_.push_back(entry_of(*source));
}

WorkSources::Entry WorkSources::entry_of(FrameSource& source) const {
  Entry entry{&source, {}, {}, source.traits().first};
  if (whole_) entry.sizer.take_frames_whole(*whole_);
  if (source.traits().whole_frames) entry.sizer.take_all();
  return entry;
}

// An index is given again once no worker has frames of the source that had it.
void WorkSources::add(FrameSource& source) {
  Entry entry = entry_of(source);
  const auto free = std::ranges::find_if(
      entries_, [](const Entry& old) { return old.source == nullptr && old.holders.empty(); });
  if (free == entries_.end())
    entries_.push_back(std::move(entry));
  else
    *free = std::move(entry);
}

void WorkSources::remove(const FrameSource& source) {
  if (const auto index = find(source)) entries_[*index].source = nullptr;
}

std::optional<WorkSources::Index> WorkSources::find(const FrameSource& source) const {
  const auto entry = std::ranges::find(entries_, &source, &Entry::source);
  if (entry == entries_.end()) return std::nullopt;
  return static_cast<Index>(entry - entries_.begin());
}

// A worker that has frames of the source already makes it no wider.
bool WorkSources::allows(const Entry& entry, WorkerId worker) {
  if (entry.source == nullptr) return false;
  const auto most = entry.source->traits().concurrency;
  return !most || entry.holders.size() < *most || entry.holders.contains(worker);
}

bool WorkSources::any_work() {
  return std::ranges::any_of(entries_, [](const Entry& entry) {
    return entry.source != nullptr && entry.source->has_work();
  });
}

bool WorkSources::has_work() {
  return std::ranges::any_of(entries_, [](const Entry& entry) {
    if (entry.source == nullptr) return false;
    const auto most = entry.source->traits().concurrency;
    return (!most || entry.holders.size() < *most) && entry.source->has_work();
  });
}

std::optional<WorkSources::Pulled> WorkSources::pull_from(Index index, WorkerId worker, bool second,
                                                          std::uint32_t most) {
  Entry& entry = entries_[index];
  if ((second && entry.sizer.slow()) || !allows(entry, worker)) return std::nullopt;
  model::FrameLimits limits = entry.sizer.limits();
  limits.events = std::min(limits.events, most);
  auto frame = entry.source->pull(worker, limits);
  if (!frame) return std::nullopt;
  ++entry.holders[worker];
  return Pulled{std::move(*frame), index};
}

std::optional<WorkSources::Pulled> WorkSources::pull(WorkerId worker, bool second,
                                                     std::uint32_t most) {
  for (Index index = 0; index < entries_.size(); ++index)
    if (entries_[index].first)
      if (auto pulled = pull_from(index, worker, second, most)) return pulled;
  for (std::size_t tried = 0; tried < entries_.size(); ++tried) {
    const Index index = next_;
    next_ = (next_ + 1) % entries_.size();
    if (entries_[index].first) continue;
    if (auto pulled = pull_from(index, worker, second, most)) return pulled;
  }
  return std::nullopt;
}

Status WorkSources::finished(Index source, WorkerId worker, FrameId frame,
                             model::FrameResult&& result) {
  FrameSource* const to = entries_[source].source;
  return to == nullptr ? Status{} : to->finished(worker, frame, std::move(result));
}

void WorkSources::gave_back(Index source, WorkerId worker, const Tail& tail) {
  if (FrameSource* const to = entries_[source].source)
    to->gave_back(worker, tail.frame, tail.first);
}

void WorkSources::released(WorkerId worker, Index source) {
  auto& holders = entries_[source].holders;
  const auto at = holders.find(worker);
  if (at != holders.end() && --at->second == 0) holders.erase(at);
}

void WorkSources::measured(Index source, std::uint32_t events, FrameSizer::Time time) {
  entries_[source].sizer.measured(events, time);
}

void WorkSources::take_frames_whole(FrameSizer::Time timeout) {
  whole_ = timeout;
  for (Entry& entry : entries_) entry.sizer.take_frames_whole(timeout);
}

void WorkSources::had_begun(Index source, WorkerId worker, FrameId frame) {
  if (FrameSource* const to = entries_[source].source) to->had_begun(worker, frame);
}

void WorkSources::lost(WorkerId worker, const model::WorkerLoss& loss) {
  for (Entry& entry : entries_) {
    entry.holders.erase(worker);
    if (entry.source != nullptr) entry.source->lost(worker, loss);
  }
}

void WorkSources::cannot_start(const std::string& why) {
  for (const Entry& entry : entries_)
    if (entry.source != nullptr) entry.source->cannot_start(why);
}

}  // namespace pelton::worker
