// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/binding_runner.h"

#include "engine/base/ensure.h"
#include "engine/observe/log.h"

#include <algorithm>
#include <utility>

namespace pelton::runtime {
namespace {

// One read from the store: large enough to be worth a seek, small enough not to hold the shard.
constexpr std::size_t kReadBytes = 1U << 20;

}  // namespace

BindingRunner::BindingRunner(Setup setup, store::Store& store, Mailbox& mailbox,
                             boost::asio::io_context& io, const Clock& clock)
    : setup_(std::move(setup)),
      store_(store),
      mailbox_(mailbox),
      clock_(clock),
      dispatcher_(setup_.dispatcher),
      feeds_(setup_.partitions),
      timer_(io) {}

Status BindingRunner::open() {
  if (setup_.dispatcher.idempotency) {
    const Duration ttl = setup_.dispatcher.idempotency->ttl;
    store_.set_idempotency_ttl(setup_.dispatcher.id, ttl);
    auto read = store_.idempotency_records(
        setup_.dispatcher.id, clock_.now() - ttl,
        [&](store::IdempotencyRecord&& record) { dispatcher_.restore(record); });
    if (!read) return read;
  }
  for (std::uint32_t p = 0; p < setup_.partitions; ++p)
    if (auto ok = open_partition(PartitionId{p}); !ok)
      return std::unexpected(
          std::move(ok.error())
              .within(fmt::format("binding {}, partition {}", setup_.dispatcher.binding, p)));
  return {};
}

Result<Offset> BindingRunner::start_offset(PartitionId partition,
                                           const store::StreamBounds& bounds) {
  switch (setup_.start.kind) {
    case config::Start::Kind::earliest:
      return bounds.earliest;
    case config::Start::Kind::latest:
      return bounds.end;
    case config::Start::Kind::time:
      return store_.offset_at(at(partition), setup_.start.time);
  }
  return bounds.earliest;
}

Status BindingRunner::open_partition(PartitionId partition) {
  auto bounds = store_.bounds(at(partition));
  if (!bounds) return std::unexpected(bounds.error());
  auto stored = store_.cursor(setup_.dispatcher.id, at(partition));
  if (!stored) return std::unexpected(stored.error());
  dispatch::Restored restored;
  if (*stored) {
    restored.cursor = **stored;
    const Offset last = restored.cursor.completed.empty() ? restored.cursor.cursor
                                                          : restored.cursor.completed.back().end;
    if (last > bounds->end)
      return fail(ErrorKind::corrupt, "E4301",
                  "the stored cursor {} is beyond the end {} of stream {}", last, bounds->end,
                  setup_.dispatcher.stream);
    auto retries = store_.retries(setup_.dispatcher.id, at(partition));
    if (!retries) return std::unexpected(retries.error());
    restored.retries = std::move(*retries);
  } else {
    auto start = start_offset(partition, *bounds);
    if (!start) return std::unexpected(start.error());
    restored.cursor.cursor = *start;
    // Stored at once: `latest` must mean the first start, and retention must know what is not
    // settled.
    store::Transaction transaction;
    transaction.cursors.push_back({setup_.dispatcher.id, at(partition), restored.cursor});
    auto done = store_.submit_and_wait(std::move(transaction), store::Origin::engine,
                                       std::chrono::steady_clock::now() + std::chrono::seconds(30));
    if (!done) return std::unexpected(done.error());
  }
  dispatcher_.assign(partition, restored);
  feeds_[partition.value].end = bounds->end;
  feeds_[partition.value].assigned = true;
  return {};
}

void BindingRunner::start() {
  for (std::uint32_t p = 0; p < setup_.partitions; ++p) feed(PartitionId{p});
  changed();
}

void BindingRunner::appended(const store::PlacedBatch& placed) {
  Feed& feed = feeds_[placed.at.partition.value];
  feed.end = std::max(feed.end, placed.base + placed.batch->span());
  if (!feed.assigned || draining_) return;
  const auto want = dispatcher_.wants(placed.at.partition);
  // The common case: the dispatcher is at the tail, the batch goes straight in.
  if (feed.ahead.empty() && want.events > 0 && want.from >= placed.base && want.from < feed.end)
    feed.ahead.push_back(placed);
  this->feed(placed.at.partition);
}

void BindingRunner::end_moved(PartitionId partition, Offset end) {
  feeds_[partition.value].end = std::max(feeds_[partition.value].end, end);
  feed(partition);
}

bool BindingRunner::refill(PartitionId partition, Offset from) {
  auto read = store_.read(at(partition), from, kReadBytes);
  if (!read) {
    stop_partition(partition, read.error());
    return false;
  }
  Feed& feed = feeds_[partition.value];
  for (store::PlacedBatch& placed : *read) feed.ahead.push_back(std::move(placed));
  return !feed.ahead.empty();
}

void BindingRunner::feed(PartitionId partition) {
  Feed& feed = feeds_[partition.value];
  if (!feed.assigned || draining_) return;
  for (;;) {
    const auto want = dispatcher_.wants(partition);
    while (!feed.ahead.empty() &&
           feed.ahead.front().base + feed.ahead.front().batch->span() <= want.from)
      feed.ahead.pop_front();
    if (want.events == 0 || want.from >= feed.end) break;
    if (feed.ahead.empty() && !refill(partition, want.from)) break;
    const store::PlacedBatch next = feed.ahead.front();
    dispatcher_.offer(partition, next.base, next.batch, clock_.now(), commits_);
    if (dispatcher_.wants(partition).from == want.from) break;
  }
  flush();
}

void BindingRunner::stop_partition(PartitionId partition, const Error& error) {
  feeds_[partition.value].assigned = false;
  stopped_ = fmt::format("partition {} of {} is stopped: {}", partition.value,
                         setup_.dispatcher.stream, error.text());
  observe::log::error(stopped_, {{"binding", setup_.dispatcher.binding}});
}

bool BindingRunner::has_work() {
  return !draining_ && dispatcher_.has_work(clock_.now());
}

std::optional<dispatch::Frame> BindingRunner::pull(WorkerId worker,
                                                   const dispatch::FrameLimits& limits) {
  if (draining_) return std::nullopt;
  auto frame = dispatcher_.pull(worker, limits, clock_.now(), commits_);
  flush();
  return frame;
}

Status BindingRunner::finished(WorkerId worker, FrameId frame, dispatch::FrameResult&& result) {
  auto ok = dispatcher_.finished(worker, frame, std::move(result), clock_.now(), commits_);
  changed();
  return ok;
}

void BindingRunner::lost(WorkerId worker, const dispatch::WorkerLoss& loss) {
  dispatcher_.worker_lost(worker, loss, clock_.now(), commits_);
  changed();
}

bool BindingRunner::replay(const store::DeadLetter& letter) {
  const bool taken = dispatcher_.replay(letter, clock_.now());
  changed();
  return taken;
}

void BindingRunner::seek(PartitionId partition, Offset offset, std::function<void(Status)> answer) {
  Feed& feed = feeds_[partition.value];
  feed.assigned = false;
  feed.ahead.clear();
  dispatcher_.revoke(partition);
  store::Transaction transaction;
  transaction.cursors.push_back({setup_.dispatcher.id, at(partition), {offset, {}}});
  // Commits of before are ahead of this one in the store's queue, so this cursor is the last word.
  submit(std::move(transaction), [this, partition, offset, answer](Status done) {
    if (!done) return answer(done);
    forget_retries(partition, offset, answer);
  });
}

void BindingRunner::forget_retries(PartitionId partition, Offset offset,
                                   std::function<void(Status)> answer) {
  auto retries = store_.retries(setup_.dispatcher.id, at(partition));
  if (!retries) return answer(std::unexpected(retries.error()));
  store::Transaction transaction;
  for (auto& retry : *retries)
    transaction.retries.push_back({retry.binding, retry.at, retry.offset, std::nullopt});
  auto assign = [this, partition, offset, answer](Status done) {
    if (done) {
      dispatch::Restored restored;
      restored.cursor.cursor = offset;
      dispatcher_.assign(partition, restored);
      feeds_[partition.value].assigned = true;
      feed(partition);
      changed();
    }
    answer(done);
  };
  if (transaction.empty()) return assign({});
  submit(std::move(transaction), assign);
}

void BindingRunner::submit(store::Transaction&& transaction, std::function<void(Status)> done) {
  auto taken = store_.submit(
      std::move(transaction), store::Origin::engine,
      [this, done](Result<store::Committed> committed) {
        mailbox_.post([done, status = committed ? Status{} : std::unexpected(committed.error())] {
          done(status);
        });
      });
  if (!taken) done(taken);
}

void BindingRunner::flush() {
  for (dispatch::Commit& commit : commits_) {
    const dispatch::CommitToken token = commit.token;
    std::vector<PartitionId> settled;
    for (const auto& update : commit.transaction.cursors) settled.push_back(update.at.partition);
    submit(std::move(commit.transaction), [this, token, settled = std::move(settled)](Status done) {
      // A failed store ends the engine (its failure listener): nothing is acknowledged any more.
      if (!done) return;
      dispatcher_.committed(token);
      for (PartitionId partition : settled) feed(partition);
      changed();
    });
  }
  commits_.clear();
  arm_timer();
}

void BindingRunner::changed() {
  flush();
  if (work_ready_ && has_work()) work_ready_();
}

void BindingRunner::arm_timer() {
  const auto due = dispatcher_.next_due();
  if (due == armed_) return;
  armed_ = due;
  if (!due) return timer_.cancel();
  const Duration delay = std::max(Duration{0}, *due - clock_.now());
  timer_.after(delay, [this] {
    armed_.reset();
    dispatcher_.on_timer(clock_.now(), commits_);
    changed();
  });
}

BindingRunner::PartitionView BindingRunner::view(PartitionId partition) {
  PartitionView view;
  view.counts = dispatcher_.counts(partition);
  view.end = feeds_[partition.value].end;
  view.oldest = view.counts.oldest_unsettled;
  if (!view.oldest && view.counts.cursor < view.end) {
    auto read = store_.read(at(partition), view.counts.cursor, 1);
    if (read && !read->empty()) view.oldest = from_us(read->front().batch->time_us(0));
  }
  return view;
}

}  // namespace pelton::runtime
