// SPDX-License-Identifier: Apache-2.0
// What the threads of Store do: two build and commit groups in turns, one is for maintenance.
#include "engine/store/store_impl.h"

#include <algorithm>
#include <utility>

namespace pelton::store {
namespace {

// What one group takes at most: the next one fills meanwhile.
constexpr std::size_t kGroupBytes = 8U << 20;

}  // namespace

Store::Impl::~Impl() {
  if (maintenance) maintenance->stop();
  maintaining.stop();
  queue.close();
  for (std::thread& thread : committing.threads) thread.join();
  // Saves the next start the replay. What failed is left as the log has it.
  if (database && maintenance && !failed) static_cast<void>(database->flush());
  maintenance.reset();
  // Before what RocksDB's own threads may still report to.
  database.reset();
}

void Store::Impl::run() {
  Group group;
  for (;;) {
    auto taken = queue.begin(kGroupBytes);
    if (taken.items.empty()) return;
    writer->add(std::move(taken.items), group);
    while (!taken.turn) {
      taken = queue.more(kGroupBytes - std::min(group.bytes, kGroupBytes));
      writer->add(std::move(taken.items), group);
    }
    if (auto built = writer->finish(group, now()); !built) fail_with(built.error());
    queue.built();
    commit(group);
    group.clear();
    queue.committed();
  }
}

bool Store::Impl::step(Step step) {
  std::deque<Group>& built = committing.built;
  if (step == Step::commit) {
    if (built.empty()) return false;
    Group group = std::move(built.front());
    built.pop_front();
    commit(group);
    return true;
  }
  if (built.size() == Committing::kThreads) return false;
  auto taken = queue.take_now(kGroupBytes);
  if (taken.empty()) return false;
  Group& group = built.emplace_back();
  writer->add(std::move(taken), group);
  if (auto ok = writer->finish(group, now()); !ok) fail_with(ok.error());
  return true;
}

void step_until(const Options& options, const std::function<bool()>& over) {
  while (options.steps != nullptr && !over()) {
    options.steps->build();
    options.steps->commit();
  }
}

void Store::Impl::refuse_all(Group& group) {
  std::unique_lock lock(mutex);
  const Error error = failure;
  lock.unlock();
  for (Pending& pending : group.pending) pending.done(std::unexpected(error));
}

void Store::Impl::commit(Group& group) {
  folder.disk.about_to_write(group.bytes);
  if (failed) return refuse_all(group);
  const auto begun = std::chrono::steady_clock::now();
  if (group.slot.group != 0)
    if (auto done = write_group(group); !done) fail_with(done.error());
  if (failed) return refuse_all(group);
  const auto committed = std::chrono::steady_clock::now();
  activity.group_commits.add(committed - begun);
  for (const Pending& pending : group.pending)
    activity.transactions.add(committed - pending.queued);
  activity.commits.fetch_add(group.pending.size(), std::memory_order_relaxed);
  logs->append(group.placed, group.entries);
  if (!group.placed.empty() && on_append) on_append(group.placed);
  for (std::size_t i = 0; i < group.pending.size(); ++i)
    group.pending[i].done(std::move(group.commits[i]));
}

Status Store::Impl::write_log(Group& group) {
  const auto attempt = [&] {
    auto parts = group.parts();
    return log->write(group.slot, parts);
  };
  auto done = attempt();
  const auto full = [&] { return !done && done.error().kind == ErrorKind::overloaded; };
  if (full() && folder.disk.give_back()) done = attempt();
  // What was built upon this group cannot wait: the engine ends.
  if (full()) done.error().kind = ErrorKind::unavailable;
  return done;
}

Status Store::Impl::write_group(Group& group) {
  if (auto ok = write_log(group); !ok) return ok;
  if (auto ok = database->apply(group.metadata); !ok) return ok;
  activity.syncs.fetch_add(1, std::memory_order_relaxed);
  std::vector<Place> places = std::move(group.moved_to);
  for (const IndexEntry& entry : group.entries) places.push_back(entry.place);
  log->add_live(places);
  log->remove_live(group.moved_from);
  maintenance->applied(group.slot.group, group.record_bytes());
  if (std::exchange(committing.last_lap, group.slot.lap) == group.slot.lap) return {};
  maintaining.nudge();
  return {};
}

Status Store::Impl::write(Pending&& pending) {
  if (failed)
    return fail(ErrorKind::unavailable, "E4106", "the store has failed; nothing is taken");
  std::mutex done_mutex;
  std::condition_variable answered;
  std::optional<Status> answer;
  pending.done = [&](const Result<Committed>& result) {
    std::lock_guard lock(done_mutex);
    answer = result ? Status{} : std::unexpected(result.error());
    answered.notify_one();
  };
  if (!queue.push(pending, Origin::engine))
    return fail(ErrorKind::cancelled, "E4108", "the store is closing");
  step_until(options, [&] { return answer.has_value(); });
  std::unique_lock lock(done_mutex);
  answered.wait(lock, [&] { return answer.has_value(); });
  return std::move(*answer);
}

Status Store::Impl::write(Changes&& changes) {
  Pending pending;
  for (const Changes::Change& change : changes.all())
    pending.bytes += sizeof change + change.key.size() + change.value.size();
  pending.changes = std::move(changes);
  return write(std::move(pending));
}

Status Store::Impl::write_moves(std::vector<Move>&& moves) {
  Pending pending;
  for (const Move& move : moves) pending.bytes += move.bytes.size();
  pending.moves = std::move(moves);
  return write(std::move(pending));
}

void Store::Impl::maintain() {
  if (failed) return;
  const auto ok = maintenance->run(now());
  if (ok) return;
  if (ok.error().kind != ErrorKind::corrupt) return fail_with(ok.error());
  // The store keeps what is unfinished, and other work continues.
  folder.notices.say_once(ok.error().text());
}

}  // namespace pelton::store
