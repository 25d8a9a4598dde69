// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/embedded/embedded_input.h"

#include <algorithm>
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

}  // namespace

EmbeddedInput::EmbeddedInput(Setup setup, store::Store& store, thread::Mailbox& mailbox)
    : setup_(std::move(setup)),
      lane_(store, mailbox),
      mailbox_(mailbox),
      feeds_(setup_.partitions) {}

Status EmbeddedInput::open(Listener& listener) {
  listener_ = &listener;
  for (std::uint32_t p = 0; p < setup_.partitions; ++p)
    if (auto ok = open_partition(PartitionId{p}); !ok)
      return std::unexpected(std::move(ok.error()).within(fmt::format("partition {}", p)));
  return {};
}

Status EmbeddedInput::open_partition(PartitionId partition) {
  auto bounds = lane_.store().bounds(at(partition));
  if (!bounds) return std::unexpected(bounds.error());
  auto restored = restore(partition, *bounds);
  if (!restored) return std::unexpected(restored.error());
  feeds_[partition.value].end = bounds->end;
  listener_->assigned(partition, *restored);
  return {};
}

Result<model::Restored> EmbeddedInput::restore(PartitionId partition,
                                               const store::StreamBounds& bounds) {
  auto stored = lane_.store().cursor(setup_.binding, at(partition));
  if (!stored) return std::unexpected(stored.error());
  model::Restored restored;
  if (*stored) {
    restored.progress = **stored;
    const Offset last = restored.progress.completed.empty()
                            ? restored.progress.settled
                            : restored.progress.completed.back().end;
    if (last > bounds.end)
      return fail(ErrorKind::corrupt, "E4301",
                  "the stored cursor {} is beyond the end {} of stream {}", last, bounds.end,
                  setup_.stream_name);
    auto retries = lane_.store().retries(setup_.binding, at(partition));
    if (!retries) return std::unexpected(retries.error());
    restored.retries = std::move(*retries);
    return restored;
  }
  auto start = start_offset(partition, bounds);
  if (!start) return std::unexpected(start.error());
  restored.progress.settled = *start;
  // Stored at once: `latest` must mean the first start, and retention must know what is not
  // settled.
  model::Transaction transaction;
  transaction.progress.push_back({setup_.binding, at(partition), restored.progress});
  auto done =
      lane_.store().submit_and_wait(std::move(transaction), store::Origin::engine,
                                    std::chrono::steady_clock::now() + std::chrono::seconds(30));
  if (!done) return std::unexpected(done.error());
  return restored;
}

Result<Offset> EmbeddedInput::start_offset(PartitionId partition,
                                           const store::StreamBounds& bounds) {
  switch (setup_.start.kind) {
    case config::Start::Kind::earliest:
      return bounds.earliest;
    case config::Start::Kind::latest:
      return bounds.end;
    case config::Start::Kind::time:
      return lane_.store().offset_at(at(partition), setup_.start.time);
  }
  return bounds.earliest;
}

// What was appended since open() may not have been passed on.
void EmbeddedInput::start() {
  for (std::uint32_t p = 0; p < setup_.partitions; ++p) {
    const auto bounds = lane_.store().bounds(at(PartitionId{p}));
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
  if (feed.read == placed.base && feed.ahead.size() < kMostAhead) {
    feed.ahead.push_back(placed);
    feed.read = end_of(placed);
  }
  feed.end = std::max(feed.end, end_of(placed));
  listener_->readable(placed.at.partition);
}

void EmbeddedInput::end_moved(PartitionId partition, Offset end) {
  feeds_[partition.value].end = std::max(feeds_[partition.value].end, end);
  listener_->readable(partition);
}

std::optional<model::PlacedBatch> EmbeddedInput::next(PartitionId partition, Offset from) {
  Feed& feed = feeds_[partition.value];
  while (!feed.ahead.empty() && end_of(feed.ahead.front()) <= from) feed.ahead.pop_front();
  // A seek back: what is ahead begins too late.
  if (!feed.ahead.empty() && feed.ahead.front().base > from) feed.ahead.clear();
  if (feed.ahead.empty()) {
    feed.read = from;
    if (feed.stopped || from >= feed.end || !refill(partition, from)) return std::nullopt;
  }
  return feed.ahead.front();
}

bool EmbeddedInput::refill(PartitionId partition, Offset from) {
  Feed& feed = feeds_[partition.value];
  auto read = lane_.store().read(at(partition), from, kReadBytes);
  if (!read) {
    feed.stopped = true;
    // Not from within next(): the listener is in the middle of feeding.
    mailbox_.post(
        [this, partition, error = read.error()] { listener_->stopped(partition, error); });
    return false;
  }
  for (model::PlacedBatch& placed : *read) feed.ahead.push_back(std::move(placed));
  if (!feed.ahead.empty()) feed.read = end_of(feed.ahead.back());
  return !feed.ahead.empty();
}

void EmbeddedInput::settle(model::Transaction&& transaction, Done done) {
  lane_.submit(std::move(transaction), [done = std::move(done)](Status status) {
    // A failed store ends the engine (its failure listener): nothing is acknowledged any more.
    if (status) done(status);
  });
}

void EmbeddedInput::seek(PartitionId partition, Offset offset, Done done) {
  lane_.move(setup_.binding, at(partition), offset,
             [this, partition, offset, done = std::move(done)](Status status) {
               if (status) {
                 model::Restored restored;
                 restored.progress.settled = offset;
                 feeds_[partition.value].stopped = false;
                 listener_->assigned(partition, restored);
                 listener_->readable(partition);
               }
               done(status);
             });
}

Result<Input::Bounds> EmbeddedInput::bounds_of(PartitionId partition,
                                               std::optional<WallTime> time) {
  auto stored = lane_.store().bounds(at(partition));
  if (!stored) return std::unexpected(stored.error());
  Bounds bounds{partition, stored->earliest, stored->end, stored->end};
  if (!time) return bounds;
  auto found = lane_.store().offset_at(at(partition), *time);
  if (!found) return std::unexpected(found.error());
  bounds.at_time = *found;
  return bounds;
}

void EmbeddedInput::bounds(std::optional<WallTime> time,
                           std::function<void(Result<std::vector<Bounds>>)> answer) {
  std::vector<Bounds> all;
  for (PartitionId partition : partitions()) {
    auto bounds = bounds_of(partition, time);
    if (!bounds) return answer(std::unexpected(bounds.error()));
    all.push_back(*bounds);
  }
  answer(std::move(all));
}

std::optional<WallTime> EmbeddedInput::time_at(PartitionId partition, Offset offset) {
  auto read = lane_.store().read(at(partition), offset, 1);
  if (!read || read->empty()) return std::nullopt;
  return from_us(read->front().batch->time_us(0));
}

void EmbeddedInput::stop(std::chrono::steady_clock::time_point, std::function<void()> done) {
  lane_.after_all(std::move(done));
}

}  // namespace pelton::stream
