// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/embedded/embedded_input.h"

#include "engine/model/offset_ranges.h"
#include "engine/observe/log.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pelton::stream {
namespace {

// One read from the store: large enough to be worth a seek, small enough not to hold the shard.
constexpr std::size_t kReadBytes = 1U << 20;
// Batches of the tail kept while the window is full; whatever comes then is read later.
constexpr std::size_t kMostAhead = 16;

Offset end_of(const model::PlacedBatch& placed) {
  return placed.base + placed.batch->span();
}

// Moves on to `offset` at least. Returns how many of the events passed over were not settled.
std::uint64_t advance(model::Progress& progress, Offset offset) {
  std::uint64_t lost = 0;
  auto& ranges = progress.completed;
  while (progress.settled < offset) {
    const Offset next = ranges.empty() ? offset : std::min(offset, ranges.front().begin);
    lost += static_cast<std::uint64_t>(next - progress.settled);
    progress.settled = next;
    if (!ranges.empty() && ranges.front().begin <= progress.settled) {
      progress.settled = ranges.front().end;
      ranges.erase(ranges.begin());
    }
  }
  return lost;
}

// The first of them, and more while there is room.
std::vector<BatchAhead> claimed(const std::vector<model::PlacedBatch>& batches,
                                MemoryBudget* memory) {
  std::vector<BatchAhead> claimed;
  for (const model::PlacedBatch& placed : batches) {
    if (!claimed.empty() && !room_to_read(memory)) break;
    claimed.emplace_back(placed, memory);
  }
  return claimed;
}

// On the reading thread. Many partitions ask at once for what there is room for once: their reads
// follow one another here, and each sees what those before it have claimed. Nothing is brought when
// there is no room.
Result<std::vector<BatchAhead>> read_ahead(store::Store& store, model::StreamPartition at,
                                           Offset from, Reads reads, MemoryBudget* memory) {
  const bool room = room_to_read(memory);
  if (!room && reads == Reads::within_memory) return {};
  auto read = store.read(at, from, room ? kReadBytes : 1);
  if (!read) return std::unexpected(read.error());
  return claimed(*read, memory);
}

}  // namespace

EmbeddedInput::EmbeddedInput(Setup setup, store::Store& store, AppendFeed& appends,
                             thread::Mailbox& mailbox, thread::JobThread& reader)
    : setup_(std::move(setup)),
      client_(store, mailbox),
      appends_(appends),
      mailbox_(mailbox),
      reader_(reader),
      feeds_(setup_.partitions) {
  client_.tell_moves(setup_.sink);
}

Status EmbeddedInput::open(Listener& listener) {
  listener_ = &listener;
  // One write for all partitions.
  model::Transaction first;
  std::vector<model::Restored> restored;
  for (PartitionId partition : partitions()) {
    auto bounds = client_.store().bounds(at(partition));
    if (!bounds) return std::unexpected(bounds.error());
    auto one = restore(partition, *bounds, first);
    if (!one)
      return std::unexpected(
          std::move(one.error()).within(fmt::format("partition {}", partition.value)));
    feeds_[partition.value].end = bounds->end;
    restored.push_back(std::move(*one));
  }
  if (!first.empty())
    if (auto done = client_.store().submit_and_wait(
            std::move(first), store::Origin::engine,
            std::chrono::steady_clock::now() + std::chrono::seconds(30));
        !done)
      return std::unexpected(done.error());
  for (PartitionId partition : partitions())
    listener.assigned(partition, restored[partition.value]);
  return {};
}

Result<model::Restored> EmbeddedInput::restore(PartitionId partition,
                                               const store::StreamBounds& bounds,
                                               model::Transaction& first) {
  auto stored = client_.store().cursor(setup_.binding, at(partition));
  if (!stored) return std::unexpected(stored.error());
  model::Restored restored;
  restored.stream = client_.store().incarnation(setup_.stream);
  if (*stored) {
    restored.progress = **stored;
    const Offset last = restored.progress.completed.empty()
                            ? restored.progress.settled
                            : restored.progress.completed.back().end;
    if (last > bounds.end)
      return fail(ErrorKind::corrupt, "E4301",
                  "the stored cursor {} is beyond the end {} of stream {}", last, bounds.end,
                  setup_.stream_name);
    auto retries = client_.store().retries(setup_.binding, at(partition));
    if (!retries) return std::unexpected(retries.error());
    restored.retries = std::move(*retries);
    skip_what_is_gone(partition, bounds, restored, first);
    return restored;
  }
  auto start = start_offset(partition, bounds);
  if (!start) return std::unexpected(start.error());
  restored.progress.settled = *start;
  // Stored at once: `latest` must mean the first start, and retention must know what is not
  // settled.
  first.progress.push_back({setup_.binding, at(partition), restored.progress});
  return restored;
}

void EmbeddedInput::skip_what_is_gone(PartitionId partition, const store::StreamBounds& bounds,
                                      model::Restored& restored, model::Transaction& first) {
  const Offset before = restored.progress.settled;
  const std::uint64_t lost = advance(restored.progress, bounds.earliest);
  const model::OffsetRanges settled(restored.progress);
  std::erase_if(restored.retries, [&](const model::Transaction::RetryUpdate& retry) {
    const bool gone = retry.offset >= bounds.end || settled.contains(retry.offset);
    if (gone) first.retries.push_back({retry.binding, retry.at, retry.offset, std::nullopt});
    return gone;
  });
  if (restored.progress.settled != before)
    first.progress.push_back({setup_.binding, at(partition), restored.progress});
  if (lost > 0) say_dropped(partition, before, bounds.earliest, lost);
}

void EmbeddedInput::say_dropped(PartitionId partition, Offset from, Offset to,
                                std::uint64_t events) const {
  observe::log::warn(
      fmt::format("E4111: retention dropped {} events of stream {}, partition {}, before they were "
                  "processed (offsets {} to {}); processing continues at {}",
                  events, setup_.stream_name, partition.value, from, to - 1, to),
      {{"binding", setup_.binding_name}});
}

Result<Offset> EmbeddedInput::start_offset(PartitionId partition,
                                           const store::StreamBounds& bounds) {
  switch (setup_.start.kind) {
    case config::Start::Kind::earliest:
      return bounds.earliest;
    case config::Start::Kind::latest:
      return bounds.end;
    case config::Start::Kind::time:
      return client_.store().offset_at(at(partition), setup_.start.time);
  }
  return bounds.earliest;
}

// What was appended since open() may not have been passed on.
void EmbeddedInput::start() {
  appends_.add(*this);
  for (std::uint32_t p = 0; p < setup_.partitions; ++p) {
    const auto bounds = client_.store().bounds(at(PartitionId{p}));
    end_moved(PartitionId{p}, bounds ? bounds->end : 0);
  }
}

std::vector<PartitionId> EmbeddedInput::partitions() const {
  std::vector<PartitionId> all;
  for (std::uint32_t p = 0; p < setup_.partitions; ++p) all.push_back(PartitionId{p});
  return all;
}

void EmbeddedInput::appended(const model::PlacedBatch& placed) {
  Feed& feed = feeds_[placed.at.partition.value];
  // The common case: the reader is at the tail, the batch need not be read from the store.
  if (feed.read == placed.base && feed.ahead.size() < kMostAhead && room_to_read(setup_.memory)) {
    feed.ahead.emplace_back(placed, setup_.memory);
    feed.read = end_of(placed);
  }
  feed.end = std::max(feed.end, end_of(placed));
  listener_->readable(placed.at.partition);
}

void EmbeddedInput::end_moved(PartitionId partition, Offset end) {
  feeds_[partition.value].end = std::max(feeds_[partition.value].end, end);
  listener_->readable(partition);
}

std::optional<model::PlacedBatch> EmbeddedInput::next(PartitionId partition, Offset from,
                                                      Reads reads) {
  taken(partition, from);
  Feed& feed = feeds_[partition.value];
  auto& ahead = feed.ahead;
  // A seek back: what is ahead begins too late.
  while (!ahead.empty() && ahead.front().placed.base > from) ahead.pop_front();
  if (ahead.empty()) {
    feed.read = from;
    if (feed.stopped || from >= feed.end || !refill(partition, from, reads)) return std::nullopt;
  }
  return ahead.front().placed;
}

void EmbeddedInput::taken(PartitionId partition, Offset to) {
  auto& ahead = feeds_[partition.value].ahead;
  while (!ahead.empty() && end_of(ahead.front().placed) <= to) ahead.pop_front();
}

Stock EmbeddedInput::stock(PartitionId partition) const {
  const Feed& feed = feeds_[partition.value];
  if (feed.reading) return Stock::reading;
  return feed.ahead.empty() ? Stock::empty : Stock::here;
}

bool EmbeddedInput::refill(PartitionId partition, Offset from, Reads reads) {
  Feed& feed = feeds_[partition.value];
  if (feed.reading) return false;
  const std::size_t bytes = room_to_read(setup_.memory) ? kReadBytes : 1;
  auto tail = client_.store().read_tail(at(partition), from, bytes);
  // An error is met there again.
  if (!tail || !*tail) {
    read_elsewhere(partition, from, reads);
    return false;
  }
  take(partition, from, claimed(**tail, setup_.memory));
  return !feed.ahead.empty();
}

void EmbeddedInput::read_elsewhere(PartitionId partition, Offset from, Reads reads) {
  feeds_[partition.value].reading = true;
  reader_.run([&store = client_.store(), &mailbox = mailbox_, where = at(partition), from, reads,
               memory = setup_.memory, alive = std::weak_ptr(alive_)] {
    mailbox.post(
        [read = read_ahead(store, where, from, reads, memory), where, from, alive]() mutable {
          if (const auto input = alive.lock())
            (*input)->read_done(where.partition, from, std::move(read));
        });
  });
}

// Also what the tail has: the caller is not called back before this returns.
void EmbeddedInput::read_again(PartitionId partition, Offset offset, ReadAnswer answer) {
  reader_.run([&store = client_.store(), &mailbox = mailbox_, where = at(partition), offset,
               answer = std::move(answer), alive = std::weak_ptr(alive_)]() mutable {
    mailbox.post([read = store.read(where, offset, 1), where, offset, answer = std::move(answer),
                  alive]() mutable {
      if (const auto input = alive.lock())
        (*input)->read_again_done(where.partition, offset, std::move(read), answer);
    });
  });
}

void EmbeddedInput::read_again_done(PartitionId partition, Offset offset, Read&& read,
                                    const ReadAnswer& answer) {
  if (!read) {
    feeds_[partition.value].stopped = true;
    return listener_->stopped(partition, read.error());
  }
  if (read->empty() || read->front().base > offset) return answer(std::nullopt);
  answer(std::move(read->front()));
}

void EmbeddedInput::read_done(PartitionId partition, Offset from, ReadAhead&& read) {
  Feed& feed = feeds_[partition.value];
  feed.reading = false;
  const bool wanted = feed.ahead.empty() && feed.read == from;  // no seek came between
  if (wanted && !read) {
    feed.stopped = true;
    return listener_->stopped(partition, read.error());
  }
  if (wanted) take(partition, from, std::move(*read));
  listener_->readable(partition);
}

void EmbeddedInput::take(PartitionId partition, Offset from, std::vector<BatchAhead>&& batches) {
  Feed& feed = feeds_[partition.value];
  if (batches.empty()) return;
  if (const Offset base = batches.front().placed.base; base > from)
    say_dropped(partition, from, base, static_cast<std::uint64_t>(base - from));
  feed.read = end_of(batches.back().placed);
  std::ranges::move(batches, std::back_inserter(feed.ahead));
}

void EmbeddedInput::settle(model::Transaction&& transaction, Done done) {
  client_.submit(std::move(transaction), [done = std::move(done)](Status status) {
    // A failed store ends the engine (its failure listener): nothing is acknowledged any more.
    if (status) done(status);
  });
}

std::shared_ptr<const void> EmbeddedInput::hold(PartitionId partition, Offset offset) {
  return client_.store().hold(at(partition), offset);
}

void EmbeddedInput::seek(PartitionId partition, Offset offset, Done done) {
  // Forced retention waits for nobody.
  const auto bounds = client_.store().bounds(at(partition));
  if (bounds && bounds->earliest > offset) {
    say_dropped(partition, offset, bounds->earliest,
                static_cast<std::uint64_t>(bounds->earliest - offset));
    offset = bounds->earliest;
  }
  client_.move(setup_.binding, at(partition), offset, true,
               [this, partition, done = std::move(done)](Result<model::Progress> moved) {
                 if (moved) {
                   model::Restored restored;
                   restored.stream = client_.store().incarnation(setup_.stream);
                   restored.progress = std::move(*moved);
                   feeds_[partition.value].stopped = false;
                   listener_->assigned(partition, restored);
                   listener_->readable(partition);
                 }
                 done(moved ? Status{} : std::unexpected(moved.error()));
               });
}

Result<Positions::Bounds> EmbeddedInput::bounds_of(PartitionId partition,
                                                   std::optional<WallTime> time) {
  auto stored = client_.store().bounds(at(partition));
  if (!stored) return std::unexpected(stored.error());
  Bounds bounds{partition, stored->earliest, stored->end, stored->end};
  if (!time) return bounds;
  auto found = client_.store().offset_at(at(partition), *time);
  if (!found) return std::unexpected(found.error());
  bounds.at_time = *found;
  return bounds;
}

void EmbeddedInput::extents(std::optional<WallTime> time,
                            std::function<void(Result<Extents>)> answer) {
  Extents all;
  for (PartitionId partition : partitions()) {
    auto bounds = bounds_of(partition, time);
    if (!bounds) return answer(std::unexpected(bounds.error()));
    all.known.push_back(*bounds);
  }
  answer(std::move(all));
}

std::optional<WallTime> EmbeddedInput::time_at(PartitionId partition, Offset offset) {
  auto read = client_.store().read(at(partition), offset, 1);
  if (!read || read->empty()) return std::nullopt;
  return from_us(read->front().batch->time_us(0));
}

void EmbeddedInput::stop(std::chrono::steady_clock::time_point, std::function<void()> done) {
  client_.after_all(std::move(done));
}

}  // namespace pelton::stream
