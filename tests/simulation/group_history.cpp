// SPDX-License-Identifier: Apache-2.0
// Partitions that come and go, commits, disks.
#include "tests/simulation/group_history.h"

#include "tests/simulation/history.h"

#include <algorithm>
#include <ranges>

namespace pelton::simulation {

void GroupHistory::produced(const model::PlacedBatch& placed) {
  Partition& partition = partitions_[placed.at.partition];
  for (std::uint32_t i = 0; i < placed.batch->size(); ++i) {
    const Offset offset = placed.base + placed.batch->delta(i);
    const std::string data(placed.batch->data(i));
    partition.events.emplace(offset, Event{&scenario_.base.messages.at(number_of(data)), data});
    partition.unsettled.insert(offset);
  }
  partition.end = placed.base + placed.batch->span();
}

void GroupHistory::applied(PartitionId partition, const Committed& value) {
  const auto disk = exchanged_.find({value.node, partition});
  if (disk != exchanged_.end() && disk->second) exchanged_.erase(disk);
}

// All events from the offset on are to be done once more, those before are nobody's concern.
void GroupHistory::reset(PartitionId id, Offset offset) {
  ++seen.resets;
  Partition& partition = partitions_[id];
  partition.unsettled.clear();
  for (auto at = partition.events.lower_bound(offset); at != partition.events.end(); ++at)
    partition.unsettled.insert(at->first);
}

void GroupHistory::backup_restored(std::uint32_t node) {
  for (const auto& [partition, unused] : partitions_) exchanged_[{node, partition}] = false;
}

void GroupHistory::died(Life life) {
  ++seen.deaths;
  for (auto& [place, session] : current_)
    if (place.first == life) session->over = true;
  std::erase_if(frames_, [&](const auto& frame) { return frame.first.first == life; });
}

void GroupHistory::begin(Life life, std::uint32_t node, PartitionId partition,
                         Generation generation, const Committed& committed, const DiskModel& disk) {
  ++seen.sessions;
  Session& session = sessions_.emplace_back();
  session.node = node;
  session.partition = partition;
  session.generation = generation;
  session.committed = committed.cursor;
  session.next = session.durable = session.sent = committed.cursor.settled;
  seen.ranges += committed.cursor.completed.size();
  if (committed.node == node) {
    ++seen.trusted;
    session.certain = !exchanged_.contains({node, partition});
    if (const auto local = disk.cursors.find(partition); local != disk.cursors.end())
      session.local = local->second;
    for (const auto& [place, retry] : disk.retries)
      if (place.first == partition) session.failures[place.second] = retry.attempts;
  } else if (committed.node != 0) {
    for (const kafka::TriedEvent& event : committed.tried)
      session.failures[event.offset] = event.attempts;
  }
  current_[{life, partition}] = &session;
}

GroupHistory::Session& GroupHistory::session(Life life, PartitionId partition) {
  return *current_.at({life, partition});
}

void GroupHistory::renew(Life life, Generation generation) {
  for (auto& [place, session] : current_)
    if (place.first == life) session->generation = generation;
}

void GroupHistory::parting(Life life, PartitionId partition) {
  Session& going = session(life, partition);
  going.due = going.durable;
  going.parting = true;
  std::erase_if(frames_, [&](const auto& frame) { return frame.second.session == &going; });
}

void GroupHistory::let_go(Life life, PartitionId partition) {
  ++seen.let_go;
  const Session& gone = session(life, partition);
  if (gone.sent < gone.due)
    violation("partition {} was let go with a commit of {}, though {} was durable", partition.value,
              gone.sent, gone.durable);
  if (gone.uncertain)
    violation("partition {} was let go though its commit failed and was not tried again",
              partition.value);
  end(life, partition);
}

void GroupHistory::lost(Life life, PartitionId partition) {
  ++seen.lost;
  end(life, partition);
}

void GroupHistory::end(Life life, PartitionId partition) {
  Session* gone = &session(life, partition);
  gone->over = true;
  std::erase_if(frames_, [&](const auto& frame) { return frame.second.session == gone; });
}

void GroupHistory::committing(Life life, PartitionId id, Generation generation,
                              const Committed& value) {
  ++seen.commits;
  Session& owner = session(life, id);
  Partition& partition = partitions_[id];
  const model::Progress& cursor = value.cursor;
  if (owner.over) violation("partition {} is committed by a node that let it go", id.value);
  if (owner.generation != generation)
    violation("partition {} is committed with generation {}, not {}", id.value, generation,
              owner.generation);
  if (cursor.completed.size() > scenario_.metadata_ranges)
    violation("partition {} is committed with {} ranges", id.value, cursor.completed.size());
  const auto first = partition.unsettled.begin();
  if (first != partition.unsettled.end() && *first < cursor.settled)
    violation("partition {} is committed up to {}, event {} is not settled", id.value,
              cursor.settled, *first);
  for (const OffsetRange& range : cursor.completed) {
    const auto inside = partition.unsettled.lower_bound(range.begin);
    if (inside != partition.unsettled.end() && *inside < range.end)
      violation("partition {} is committed with [{}, {}) completed, event {} is not settled",
                id.value, range.begin, range.end, *inside);
  }
  owner.sent = cursor.settled;
  owner.tried_last = owner.parting;
  if (const auto disk = exchanged_.find({owner.node, id}); disk != exchanged_.end())
    disk->second = true;
}

// Once more is enough when it is let go.
void GroupHistory::replied(Life life, PartitionId partition, CommitReply reply) {
  Session& owner = session(life, partition);
  owner.uncertain = reply != CommitReply::applied && !owner.tried_last;
}

void GroupHistory::offered(Life life, PartitionId id, Offset next) {
  Session& owner = session(life, id);
  const auto& events = partitions_[id].events;
  if (next > partitions_[id].end)
    violation("partition {} was offered up to {}, it ends at {}", id.value, next,
              partitions_[id].end);
  for (auto at = events.lower_bound(owner.next); at != events.end() && at->first < next; ++at)
    if (!is_covered(owner.committed, at->first) &&
        !(owner.certain && is_covered(owner.local, at->first)))
      owner.open.insert(at->first);
  owner.next = std::max(owner.next, next);
  if (owner.certain && owner.open.size() > scenario_.base.binding.delivery.max_unsettled)
    violation("{} events of partition {} are in a window of {}", owner.open.size(), id.value,
              scenario_.base.binding.delivery.max_unsettled);
}

void GroupHistory::emitted(Life life, Tag tag, const model::Transaction& transaction) {
  auto& entry = unwritten_[{life, tag}];
  for (const auto& update : transaction.progress)
    entry[update.at.partition] = {&session(life, update.at.partition), update.progress.settled};
  for (const auto& letter : transaction.dead_letters) {
    Session& owner = session(life, letter.id.partition);
    const auto lane =
        scenario_.base.lane(*partitions_[letter.id.partition].events.at(letter.id.offset).message);
    if (lane && owner.lanes[*lane].highest == letter.id.offset) owner.lanes[*lane].ended = true;
  }
}

void GroupHistory::written(Life life, Tag tag, const model::Transaction& transaction) {
  const auto found = unwritten_.find({life, tag});
  if (found == unwritten_.end()) return;
  for (const auto& letter : transaction.dead_letters) {
    const auto owner = found->second.find(letter.id.partition);
    if (owner == found->second.end())
      violation("a dead letter {}/{} without its cursor", letter.id.partition.value,
                letter.id.offset);
    else
      write_letter(*owner->second.first, letter);
  }
  for (const auto& update : transaction.progress)
    cover(*found->second.at(update.at.partition).first, update.progress);
}

void GroupHistory::durable(Life life, Tag tag) {
  const auto found = unwritten_.find({life, tag});
  if (found == unwritten_.end()) return;
  for (const auto& [partition, moved] : found->second) moved.first->durable = moved.second;
  unwritten_.erase(found);
}

void GroupHistory::write_letter(Session& owner, const model::DeadLetter& letter) {
  ++seen.dead;
  const auto& events = partitions_[owner.partition].events;
  const auto event = events.find(letter.id.offset);
  if (event == events.end() || letter.event->data(0) != event->second.data)
    violation("the dead letter {}/{} holds another event", owner.partition.value, letter.id.offset);
  owner.dead.insert(letter.id.offset);
}

void GroupHistory::cover(Session& owner, const model::Progress& cursor) {
  std::set<Offset>& unsettled = partitions_[owner.partition].unsettled;
  std::erase_if(owner.open, [&](Offset offset) {
    if (!is_covered(cursor, offset)) return false;
    if (!owner.done.contains(offset) && !owner.dead.contains(offset) && unsettled.contains(offset))
      violation("event {}/{} is settled, but neither done nor a dead letter", owner.partition.value,
                offset);
    unsettled.erase(offset);
    return true;
  });
}

bool GroupHistory::is_covered(const model::Progress& cursor, Offset offset) {
  return offset < cursor.settled || std::ranges::any_of(cursor.completed, [&](const auto& range) {
           return range.begin <= offset && offset < range.end;
         });
}

bool GroupHistory::all_settled() const {
  return frames_.empty() && std::ranges::all_of(partitions_, [](const auto& partition) {
           return partition.second.unsettled.empty();
         });
}

std::string GroupHistory::describe() const {
  constexpr std::size_t kShown = 10;
  std::string text;
  for (const auto& [id, partition] : partitions_) {
    if (partition.unsettled.empty()) continue;
    text += fmt::format(" {} events of partition {}:", partition.unsettled.size(), id.value);
    for (const Offset offset : partition.unsettled | std::views::take(kShown))
      text += fmt::format(" {}", offset);
    if (partition.unsettled.size() > kShown) text += " ...";
  }
  for (const auto& [place, open] : frames_ | std::views::take(kShown))
    text += fmt::format("; life {} has a frame of partition {} with worker {}, {} of {} answered",
                        place.first, open.session->partition.value, open.worker.value, open.covered,
                        open.offsets.size());
  return text;
}

void GroupHistory::finish(const SimBroker& broker) {
  for (const auto& [id, partition] : partitions_) {
    for (const Offset offset : partition.unsettled)
      violation("event {}/{} never ended", id.value, offset);
    const Offset committed = broker.committed(id).cursor.settled;
    if (!partition.events.empty() && committed <= partition.events.rbegin()->first)
      violation("partition {} ends with {} committed, its last event is {}", id.value, committed,
                partition.events.rbegin()->first);
  }
}

}  // namespace pelton::simulation
