// SPDX-License-Identifier: Apache-2.0
#include "engine/store/store.h"

#include "engine/base/ensure.h"
#include "engine/store/binding_state.h"
#include "engine/store/codec.h"
#include "engine/store/group_writer.h"
#include "engine/store/keys.h"
#include "engine/store/maintenance.h"
#include "engine/store/names.h"

#include <condition_variable>
#include <thread>
#include <utility>

namespace pelton::store {
namespace {

// What one WriteBatch takes at most: the next group fills while it is written.
constexpr std::size_t kGroupBytes = 32U << 20;
// The free space is looked at whenever so much was appended, not only at the interval.
constexpr std::size_t kSpaceCheckBytes = 16U << 20;

}  // namespace

class Store::Impl {
 public:
  Impl(const Options& settings)
      : options(settings), queue(settings.queue_transactions, settings.queue_bytes) {}

  ~Impl() {
    queue.close();
    if (thread.joinable()) thread.join();
    // Before what RocksDB's own threads may still report to.
    database.reset();
  }

  Status open(std::span<const StreamSpec> streams);
  void start() {
    thread = std::thread([this] { run(); });
  }
  // Why the transaction is not taken, if so. E4107: a partition that is not there.
  Status refuse(const Transaction& transaction, Origin origin) const;
  void fail_with(const Error& error);
  void listen_for_failure(std::function<void(const Error&)> listener);
  Result<BindingId> binding(std::string_view name);

  const Options options;
  std::unique_ptr<Database> database;
  std::unique_ptr<Logs> logs;
  std::unique_ptr<BindingState> bindings;
  std::unique_ptr<Maintenance> maintenance;
  std::unique_ptr<GroupWriter> writer;
  TransactionQueue queue;
  AppendListener on_append;
  std::atomic<bool> failed{false};
  std::atomic<std::uint64_t> commits{0};
  std::atomic<std::uint64_t> syncs{0};

  std::mutex mutex;
  std::condition_variable maintained;
  std::function<void(const Error&)> on_failure;  // guarded by mutex
  Error failure;                                 // guarded by mutex, written once
  std::uint64_t maintenance_wanted = 0;          // guarded by mutex
  std::uint64_t maintenance_done = 0;            // guarded by mutex

 private:
  void run();
  void commit(std::vector<Pending>& group);
  void maintain();

  void watch_space(const std::vector<Pending>& group);

  std::chrono::steady_clock::time_point next_maintenance{};
  std::size_t since_space_check = 0;
  std::thread thread;
};

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

Status Store::Impl::refuse(const Transaction& transaction, Origin origin) const {
  for (const Append& append : transaction.appends) {
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

void Store::Impl::commit(std::vector<Pending>& group) {
  watch_space(group);
  Status done;
  Group built;
  if (!failed) {
    built = writer->build(group);
    done = database->write(built.writes);
    if (!done) fail_with(done.error());
  }
  if (failed) {
    std::unique_lock lock(mutex);
    const Error error = failure;
    lock.unlock();
    for (Pending& pending : group) pending.done(std::unexpected(error));
    return;
  }
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

Status Store::submit(Transaction&& transaction, Origin origin, CommitCallback done) {
  if (auto ok = impl_->refuse(transaction, origin); !ok) return ok;
  Pending pending{std::move(transaction), std::move(done), 0};
  for (const Append& append : pending.transaction.appends)
    pending.bytes += append.batch->bytes().size();
  if (impl_->queue.push(pending, origin)) return {};
  transaction = std::move(pending.transaction);
  return fail(ErrorKind::overloaded, "E4108", "the store's queue is full");
}

bool Store::wait_for_room(std::chrono::steady_clock::time_point deadline) {
  return impl_->queue.wait_for_room(deadline);
}

Result<Committed> Store::submit_and_wait(Transaction&& transaction, Origin origin,
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

Result<std::vector<PlacedBatch>> Store::read(StreamPartition at, Offset from,
                                             std::size_t max_bytes) {
  return impl_->logs->read(at, from, max_bytes);
}
Result<StreamBounds> Store::bounds(StreamPartition at) {
  return impl_->logs->bounds(at);
}
Result<Offset> Store::offset_at(StreamPartition at, WallTime time) {
  return impl_->logs->offset_at(at, time);
}
Result<PartitionStats> Store::stats(StreamPartition at) {
  return impl_->logs->stats(at);
}

Result<std::optional<Cursor>> Store::cursor(BindingId binding, StreamPartition at) {
  auto stored = impl_->database->get(Family::cursors, keys::cursor(binding, at));
  if (!stored) return std::unexpected(stored.error());
  if (!*stored) return std::nullopt;
  auto cursor = codec::decode_cursor(**stored);
  if (!cursor) return std::unexpected(cursor.error());
  return std::move(*cursor);
}

Result<std::vector<Transaction::RetryUpdate>> Store::retries(BindingId binding,
                                                             StreamPartition at) {
  std::vector<Transaction::RetryUpdate> found;
  Status bad;
  const std::string prefix = keys::cursor(binding, at);
  auto read = impl_->database->scan(Family::retries, prefix, prefix, [&](auto key, auto value) {
    key.remove_prefix(prefix.size());
    auto state = codec::decode_retry(value);
    if (state)
      found.push_back({binding, at, static_cast<Offset>(keys::take_u64(key)), std::move(*state)});
    else
      bad = std::unexpected(state.error());
    return bad.has_value();
  });
  if (!read) return std::unexpected(read.error());
  if (!bad) return std::unexpected(bad.error());
  return found;
}

Status Store::dead_letters(BindingId binding, std::optional<DeadLetterId> after,
                           const std::function<bool(const DeadLetter&)>& visit) {
  std::string prefix;
  keys::put_u32(prefix, binding.value);
  std::string from = prefix;
  if (after) from = keys::dead_letter(*after) + '\0';
  Status bad;
  auto read = impl_->database->scan(Family::dead_letters, prefix, from, [&](auto key, auto value) {
    auto letter = codec::decode_dead_letter(keys::dead_letter_id(key), value);
    if (!letter) bad = std::unexpected(letter.error());
    return letter && visit(*letter);
  });
  return read ? bad : read;
}

Result<std::optional<DeadLetter>> Store::dead_letter(const DeadLetterId& id) {
  auto stored = impl_->database->get(Family::dead_letters, keys::dead_letter(id));
  if (!stored) return std::unexpected(stored.error());
  if (!*stored) return std::nullopt;
  auto letter = codec::decode_dead_letter(id, **stored);
  if (!letter) return std::unexpected(letter.error());
  return std::move(*letter);
}

std::uint64_t Store::dead_letter_count(BindingId binding) const {
  return impl_->bindings->dead_letters(binding);
}

Status Store::idempotency_records(BindingId binding, WallTime since,
                                  const std::function<void(IdempotencyRecord&&)>& visit) {
  const std::string from = keys::idempotency_from(binding, since);
  Status bad;
  auto read =
      impl_->database->scan(Family::idempotency, from.substr(0, 4), from, [&](auto, auto value) {
        auto record = codec::decode_idempotency(value);
        if (!record)
          bad = std::unexpected(record.error());
        else
          visit(std::move(*record));
        return bad.has_value();
      });
  return read ? bad : read;
}

void Store::set_idempotency_ttl(BindingId binding, Duration ttl) {
  impl_->maintenance->set_ttl(binding, ttl);
}

Status Store::ledger_put(std::string_view connector, std::span<const KeyValue> entries) {
  if (impl_->failed)
    return fail(ErrorKind::unavailable, "E4106", "the store has failed; nothing is taken");
  rocksdb::WriteBatch batch;
  rocksdb::ColumnFamilyHandle* family = impl_->database->family(Family::ledger);
  for (const KeyValue& entry : entries) {
    const std::string key = keys::ledger(connector, entry.key);
    if (entry.value)
      batch.Put(family, key, *entry.value);
    else
      batch.Delete(family, key);
  }
  auto done = impl_->database->write(batch);
  if (!done) impl_->fail_with(done.error());
  return done;
}

Result<std::optional<std::string>> Store::ledger_get(std::string_view connector,
                                                     std::string_view key) {
  return impl_->database->get(Family::ledger, keys::ledger(connector, key));
}

Status Store::ledger_scan(std::string_view connector, std::string_view prefix,
                          const std::function<bool(std::string_view, std::string_view)>& visit) {
  const std::string from = keys::ledger(connector, prefix);
  return impl_->database->scan(Family::ledger, from, from, [&](auto key, auto value) {
    key.remove_prefix(connector.size() + 1);
    return visit(key, value);
  });
}

}  // namespace pelton::store
