// SPDX-License-Identifier: Apache-2.0
#include "engine/store/store.h"

#include "engine/base/ensure.h"
#include "engine/store/names.h"
#include "engine/store/store_impl.h"

#include <condition_variable>
#include <thread>
#include <utility>

namespace pelton::store {
namespace {

// What one WriteBatch takes at most: the next group fills meanwhile.
constexpr std::size_t kGroupBytes = 32U << 20;
// The free space is looked at whenever so much was appended, not only at the interval.
constexpr std::size_t kSpaceCheckBytes = 16U << 20;

}  // namespace

Status Store::Impl::open(std::span<const StreamSpec> streams) {
  auto opened = Database::open(options, [this](const std::string& text) {
    fail_with({ErrorKind::unavailable, "E4106", "RocksDB failed in the background: " + text});
  });
  if (!opened) return std::unexpected(opened.error());
  database = std::move(*opened);
  logs = std::make_unique<Logs>(*database, options.tail_bytes);
  if (auto ok = logs->open(streams); !ok) return ok;
  bindings = std::make_unique<BindingState>(*database);
  maintenance = std::make_unique<Maintenance>(options, *database, *logs, *bindings);
  writer = std::make_unique<GroupWriter>(*database, *logs, *bindings);
  for (const StreamSpec& stream : streams)
    for (const std::string& name : stream.bindings) {
      auto id = binding(name);
      if (!id) return std::unexpected(id.error());
      maintenance->hold(*logs->find(stream.name), *id);
    }
  maintenance->check_space();
  return {};
}

Result<BindingId> Store::Impl::binding(std::string_view name) {
  auto id = names::binding(*database, name);
  if (!id) return id;
  if (auto ok = bindings->open(*id); !ok) return std::unexpected(ok.error());
  return id;
}

Status Store::Impl::refuse(const model::Transaction& transaction, Origin origin) const {
  for (const model::Append& append : transaction.appends) {
    ENSURE(append.batch && append.batch->size() > 0, "an append of no events");
    if (!logs->has(append.to))
      return fail(ErrorKind::invalid, "E4107", "no partition {} of stream {}",
                  append.to.partition.value, append.to.stream.value);
  }
  if (origin == Origin::engine) return {};
  if (failed)
    return fail(ErrorKind::unavailable, "E4106", "the store has failed; nothing is taken");
  if (!maintenance->accepts_intake())
    return fail(ErrorKind::overloaded, "E4105", "the disk is nearly full: intake is held back");
  return {};
}

void Store::Impl::fail_with(const Error& error) {
  std::function<void(const Error&)> listener;
  {
    std::lock_guard lock(mutex);
    if (failed.exchange(true)) return;
    failure = error;
    listener = on_failure;
  }
  if (listener) listener(error);
}

void Store::Impl::listen_for_failure(std::function<void(const Error&)> listener) {
  std::unique_lock lock(mutex);
  on_failure = std::move(listener);
  if (!failed || !on_failure) return;
  const auto late = on_failure;
  const Error error = failure;
  lock.unlock();
  late(error);
}

void Store::Impl::run() {
  while (!queue.closed_and_empty()) {
    const auto until = std::max(next_maintenance, std::chrono::steady_clock::now());
    std::vector<Pending> group = queue.take(kGroupBytes, until);
    if (!group.empty()) commit(group);
    maintain();
  }
}

void Store::Impl::watch_space(const std::vector<Pending>& group) {
  for (const Pending& pending : group) since_space_check += pending.bytes;
  if (since_space_check < kSpaceCheckBytes) return;
  since_space_check = 0;
  maintenance->check_space();
}

void Store::Impl::refuse_all(std::vector<Pending>& group) {
  std::unique_lock lock(mutex);
  const Error error = failure;
  lock.unlock();
  for (Pending& pending : group) pending.done(std::unexpected(error));
}

void Store::Impl::commit(std::vector<Pending>& group) {
  watch_space(group);
  if (failed) return refuse_all(group);
  Group built = writer->build(group);
  if (auto done = database->write(built.writes); !done) fail_with(done.error());
  if (failed) return refuse_all(group);
  syncs.fetch_add(1, std::memory_order_relaxed);
  commits.fetch_add(group.size(), std::memory_order_relaxed);
  logs->append(built.placed);
  if (on_append && !built.placed.empty()) on_append(built.placed);
  for (std::size_t i = 0; i < group.size(); ++i) group[i].done(std::move(built.commits[i]));
}

void Store::Impl::maintain() {
  std::uint64_t wanted = 0;
  {
    std::lock_guard lock(mutex);
    wanted = maintenance_wanted;
    if (wanted == maintenance_done && std::chrono::steady_clock::now() < next_maintenance) return;
  }
  next_maintenance = std::chrono::steady_clock::now() + options.maintenance_interval;
  if (!failed)
    if (auto ok = maintenance->run(SystemClock{}.now()); !ok) fail_with(ok.error());
  {
    std::lock_guard lock(mutex);
    maintenance_done = wanted;
  }
  maintained.notify_all();
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const Options& options,
                                           std::span<const StreamSpec> streams) {
  auto impl = std::make_unique<Impl>(options);
  if (auto ok = impl->open(streams); !ok) return std::unexpected(ok.error());
  impl->start();
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

std::optional<StreamId> Store::find_stream(std::string_view name) const {
  return impl_->logs->find(name);
}
Result<BindingId> Store::binding_id(std::string_view name) {
  return impl_->binding(name);
}

Status Store::submit(model::Transaction&& transaction, Origin origin, CommitCallback done) {
  if (auto ok = impl_->refuse(transaction, origin); !ok) return ok;
  Pending pending{std::move(transaction), std::move(done), 0};
  for (const model::Append& append : pending.transaction.appends)
    pending.bytes += append.batch->bytes().size();
  if (impl_->queue.push(pending, origin)) return {};
  transaction = std::move(pending.transaction);
  return fail(ErrorKind::overloaded, "E4108", "the store's queue is full");
}

bool Store::wait_for_room(std::chrono::steady_clock::time_point deadline) {
  return impl_->queue.wait_for_room(deadline);
}

Result<Committed> Store::submit_and_wait(model::Transaction&& transaction, Origin origin,
                                         std::chrono::steady_clock::time_point deadline) {
  std::mutex mutex;
  std::condition_variable answered;
  std::optional<Result<Committed>> answer;
  for (;;) {
    auto taken = submit(std::move(transaction), origin, [&](Result<Committed> result) {
      std::lock_guard lock(mutex);
      answer = std::move(result);
      answered.notify_one();
    });
    if (taken) break;
    const bool full = taken.error().code == "E4108";
    if (!full || !impl_->queue.wait_for_room(deadline)) return std::unexpected(taken.error());
  }
  // Once taken it is waited for whatever the deadline says: the commit may still happen.
  std::unique_lock lock(mutex);
  answered.wait(lock, [&] { return answer.has_value(); });
  return std::move(*answer);
}

void Store::set_append_listener(AppendListener listener) {
  impl_->on_append = std::move(listener);
}
void Store::set_failure_listener(std::function<void(const Error&)> listener) {
  impl_->listen_for_failure(std::move(listener));
}
void Store::set_notice_listener(std::function<void(const std::string&)> listener) {
  impl_->maintenance->set_notice(std::move(listener));
}
bool Store::failed() const {
  return impl_->failed;
}
bool Store::accepts_intake() const {
  return !impl_->failed && impl_->maintenance->accepts_intake();
}
std::uint64_t Store::commits() const {
  return impl_->commits;
}
std::uint64_t Store::syncs() const {
  return impl_->syncs;
}

void Store::run_maintenance() {
  std::unique_lock lock(impl_->mutex);
  const std::uint64_t mine = ++impl_->maintenance_wanted;
  lock.unlock();
  impl_->queue.nudge();
  lock.lock();
  impl_->maintained.wait(lock, [&] { return impl_->maintenance_done >= mine; });
}

}  // namespace pelton::store
