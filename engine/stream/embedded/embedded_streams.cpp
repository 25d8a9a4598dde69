// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/embedded/embedded_streams.h"

#include <utility>

namespace pelton::stream {

std::uint64_t EmbeddedStreams::total_end(const StreamTarget& target) const {
  std::uint64_t total = 0;
  for (std::uint32_t p = 0; p < target.partitions(); ++p)
    if (auto bounds = store_.bounds({target.stream(), PartitionId{p}}))
      total += static_cast<std::uint64_t>(bounds->end);
  return total;
}

void EmbeddedStreams::set(std::span<const config::Stream> streams) {
  std::lock_guard lock(mutex_);
  decltype(entries_) entries;
  order_.clear();
  for (const config::Stream& stream : streams) {
    if (stream.kafka) continue;
    order_.push_back(stream.name);
    const auto known = entries_.find(stream.name);
    Entry entry = known == entries_.end() ? Entry{} : std::move(known->second);
    if (!entry.target || entry.target->partitions() != stream.partitions) {
      const bool fresh = entry.target == nullptr;
      entry.target = std::make_shared<StreamTarget>(stream.name, *store_.find_stream(stream.name),
                                                    stream.partitions);
      if (fresh) entry.first = total_end(*entry.target);
    }
    entries.emplace(stream.name, std::move(entry));
  }
  entries_ = std::move(entries);
}

EmbeddedStreams::TargetPtr EmbeddedStreams::find(std::string_view name) const {
  std::lock_guard lock(mutex_);
  const auto at = entries_.find(name);
  return at == entries_.end() ? nullptr : at->second.target;
}

void EmbeddedStreams::sample(WallTime now) {
  std::lock_guard lock(mutex_);
  for (auto& [name, entry] : entries_) entry.rate.sample(total_end(*entry.target), now);
}

observe::StreamStatus EmbeddedStreams::status_of(const std::string& name,
                                                 const Entry& entry) const {
  observe::StreamStatus status;
  status.name = name;
  for (std::uint32_t p = 0; p < entry.target->partitions(); ++p) {
    auto stats = store_.stats({entry.target->stream(), PartitionId{p}});
    if (!stats) continue;
    status.partitions.push_back({p, stats->bounds.earliest, stats->bounds.end, stats->bytes});
    status.appended += static_cast<std::uint64_t>(stats->bounds.end);
    status.dropped_unsettled += stats->dropped_unsettled;
  }
  status.appended -= entry.first;
  status.appended_per_second = entry.rate.per_second();
  return status;
}

void EmbeddedStreams::report(observe::StatusReport& report) const {
  std::lock_guard lock(mutex_);
  for (const std::string& name : order_)
    report.streams.push_back(status_of(name, entries_.at(name)));
}

}  // namespace pelton::stream
