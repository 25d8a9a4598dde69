// SPDX-License-Identifier: Apache-2.0
// What the engine does with time: restarts, calls, the end.
#include "tests/simulation/history.h"

#include <algorithm>
#include <charconv>

namespace pelton::simulation {
namespace {

constexpr Duration kLongestWait = std::chrono::seconds(1);  // between attempts

}  // namespace

std::string output_text(PartitionId partition, Offset offset, std::uint32_t j, Invocation by) {
  return fmt::format("{}/{}/{}/{}", partition.value, offset, j, by);
}

std::uint64_t number_of(std::string_view data) {
  constexpr std::string_view kMark = "\"number\": ";
  const std::size_t at = data.find(kMark);
  std::uint64_t number = ~std::uint64_t{0};
  if (at != std::string_view::npos)
    std::from_chars(data.data() + at + kMark.size(), data.data() + data.size(), number);
  return number;
}

History::History(const Scenario& scenario, const Scheduler& scheduler)
    : scenario_(scenario), scheduler_(scheduler) {}

void History::Trouble::resume(const Scheduler& scheduler) {
  first = std::min(first, scheduler.wall());
  if (scheduler.ahead() >= ahead) return;
  not_before = {};
  not_after = scheduler.wall() + kLongestWait;
}

void History::restarted() {
  ++seen.restarts;
  frames_.clear();
  busy_.clear();
  lanes_.clear();
  once_running_.clear();
  once_done_ = once_durable_;
  replays_.clear();
  unwritten_.clear();
  pause_ = {};
  rate_level_ = 0;
  bad_keys_.clear();
  last_done_ = {};
  for (auto& [id, partition] : partitions_) {
    partition.unsettled = partition.undurable;
    partition.lanes.clear();
    for (const Offset offset : partition.undurable) {
      Event& event = partition.events.at(offset);
      // The disk keeps what was written: the next life may have another clock again.
      event.trouble = event.durable;
      event.trouble.resume(scheduler_);
      event.suspect = 0;
      event.done_by = 0;
      const auto lane = scenario_.lane(*event.message);
      if (lane && event.message->passes) partition.lanes[*lane].insert(offset);
    }
  }
}

void History::offered(PartitionId id, Offset next) {
  Partition& partition = at(id);
  if (next > partition.end)
    violation("partition {} was offered up to {}, but only {} are durable", id.value, next,
              partition.end);
  const auto used =
      std::distance(partition.undurable.begin(), partition.undurable.lower_bound(next));
  if (used > scenario_.binding.delivery.max_unsettled)
    violation("{} events of partition {} are in a window of {}", used, id.value,
              scenario_.binding.delivery.max_unsettled);
}

void History::emitted(Tag tag, const model::Transaction& transaction) {
  for (const auto& update : transaction.progress) {
    Partition& partition = at(update.at.partition);
    for (const Offset offset : newly_covered(partition.unsettled, update.progress)) {
      partition.events.at(offset).settled_at = scheduler_.wall();
      settle_locally(partition, offset);
    }
  }
  for (const auto& letter : transaction.dead_letters) gave_up(letter);
  for (const Place& place : touched_)
    unwritten_[tag].emplace_back(place, at(place.first).events.at(place.second).trouble);
  touched_.clear();
}

void History::call_ended() {
  if (touched_.empty()) return;
  violation("the failure of event {}/{} left no trace", touched_.front().first.value,
            touched_.front().second);
  touched_.clear();
}

void History::settle_locally(Partition& partition, Offset offset) {
  partition.unsettled.erase(offset);
  const auto lane = scenario_.lane(*partition.events.at(offset).message);
  if (!lane) return;
  const auto found = partition.lanes.find(*lane);
  if (found == partition.lanes.end()) return;
  found->second.erase(offset);
  if (found->second.empty()) partition.lanes.erase(found);
}

bool History::is_covered(const model::Progress& cursor, Offset offset) {
  return offset < cursor.settled ||
         std::ranges::any_of(cursor.completed, [&](const OffsetRange& range) {
           return range.begin <= offset && offset < range.end;
         });
}

std::vector<Offset> History::newly_covered(const std::set<Offset>& open,
                                           const model::Progress& cursor) {
  std::vector<Offset> covered(open.begin(), open.lower_bound(cursor.settled));
  for (const OffsetRange& range : cursor.completed)
    for (auto at = open.lower_bound(range.begin); at != open.end() && *at < range.end; ++at)
      if (*at >= cursor.settled) covered.push_back(*at);
  return covered;
}

bool History::all_settled() const {
  return frames_.empty() && std::ranges::all_of(partitions_, [](const auto& partition) {
           return partition.second.undurable.empty();
         });
}

void History::finish(const DiskModel& disk) {
  for (const auto& [id, partition] : partitions_)
    for (const auto& [offset, event] : partition.events)
      if (!event.settled)
        violation("event {}/{} (number {}) never ended", id.value, offset, event.message->number);
  for (const auto& [place, state] : disk.retries)
    violation("event {}/{} ended, but its retry is kept", place.first.value, place.second);
  for (const auto& [id, letter] : disk.letters)
    if (scenario_.faults.seek == Duration{0} && !at(id.partition).events.at(id.offset).dead)
      violation("event {}/{} is done and a dead letter", id.partition.value, id.offset);
  if (!lanes_.empty() || !once_running_.empty()) violation("something is still with a worker");
}

}  // namespace pelton::simulation
