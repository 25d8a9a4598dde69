// SPDX-License-Identifier: Apache-2.0
#include "engine/store/store.h"

#include "engine/base/ensure.h"
#include "engine/store/names.h"
#include "engine/store/store_impl.h"

#include <algorithm>
#include <condition_variable>
#include <thread>
#include <utility>

namespace pelton::store {
namespace {

// RocksDB's buffers come on top of the memory for events, and take at most one part in so many.
constexpr std::uint64_t kBufferPart = 4;

}  // namespace

Status Store::Impl::open(std::span<const StreamSpec> streams) {
  if (auto ok = folder.lock.take(options.data); !ok) return ok;
  folder.disk.start();
  if (auto ok = folder.lock.sign(); !ok) return ok;
  options.segment_bytes = folder.disk.segment_bytes();
  options.buffer_bytes = folder.disk.buffer_bytes();
  if (options.memory != nullptr)
    options.buffer_bytes = std::min(options.buffer_bytes, options.memory->limit() / kBufferPart);
  const auto on_error = [this](const std::string& text) {
    fail_with({ErrorKind::unavailable, "E4106", "RocksDB failed in the background: " + text});
  };
  auto opened = Database::open(options, folder.disk.spare_bytes(), on_error);
  if (!opened) return std::unexpected(opened.error());
  database = std::move(*opened);
  const auto applied = database->applied();
  if (!applied) return std::unexpected(applied.error());
  if (auto ok = open_log(*applied); !ok) return ok;
  logs = std::make_unique<Logs>(*database, *log, options.tail_bytes, options.memory);
  bindings = std::make_unique<BindingState>(*database);
  maintenance = std::make_unique<Maintenance>(
      folder.disk, folder.notices, *database, *log, *logs, *bindings,
      Maintenance::Writes{
          [this](Changes&& changes) { return write(std::move(changes)); },
          [this](std::vector<Move>&& moves) { return write_moves(std::move(moves)); },
          [this] {
            Pending pending;
            pending.ends_segment = true;
            return write(std::move(pending));
          }});
  writer = std::make_unique<GroupWriter>(*database, *log, *logs, *bindings);
  maintenance->begin_counting();
  if (options.steps != nullptr)
    *options.steps = {[this] { return step(Step::build); }, [this] { return step(Step::commit); }};
  else
    for (std::size_t i = 0; i < Committing::kThreads; ++i)
      committing.threads.emplace_back([this] { run(); });
  const auto write_names = [this](Changes&& changes) { return write(std::move(changes)); };
  if (auto ok = logs->open(streams, write_names); !ok) return ok;
  if (auto ok = maintenance->hold(streams); !ok) return ok;
  named.ledger = std::make_unique<Ledger>(
      *database, [this](Changes&& changes) { return write(std::move(changes)); });
  named.registry = std::make_unique<Registry>(
      *database, *logs, *bindings, folder.notices, write_names,
      Registry::Forget{[this](const std::string& name, StreamId stream) {
                         return maintaining.run([&] { return maintenance->forget(name, stream); });
                       },
                       [this](const std::string& name, BindingId binding) {
                         return maintaining.run([&] { return maintenance->forget(name, binding); });
                       }});
  if (auto ok = named.registry->open(); !ok) return ok;
  // From now on RocksDB knows of a group, and its segment is missed when it is gone.
  if (applied->group == 0 && log->next_group() > 1)
    if (auto ok = database->flush(); !ok) return ok;
  folder.disk.check();
  const bool threads_run = options.steps == nullptr;
  maintaining.start(threads_run ? std::optional(options.maintenance_interval) : std::nullopt,
                    [this] { maintain(); });
  return {};
}

Status Store::Impl::open_log(const LogSlot& applied) {
  SegmentFolder* files = options.log_files;
  if (files == nullptr) {
    own_folder = segment_folder(options.data / "log");
    files = own_folder.get();
  }
  log = std::make_unique<Log>(*files, database->log_id(), options.segment_bytes);
  return log->open(applied, [this](std::string_view metadata) { return replay(metadata); });
}

Status Store::Impl::replay(std::string_view metadata) {
  rocksdb::WriteBatch batch{std::string(metadata)};
  return database->apply(batch);
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
  if (folder.disk.room() != DiskRoom::plenty)
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

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const Options& options,
                                           std::span<const StreamSpec> streams) {
  auto impl = std::make_unique<Impl>(options);
  if (auto ok = impl->open(streams); !ok) return std::unexpected(ok.error());
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Status Store::set_streams(std::span<const StreamSpec> streams) {
  const auto write = [this](Changes&& changes) { return impl_->write(std::move(changes)); };
  if (auto ok = impl_->logs->reopen(streams, write); !ok) return ok;
  return impl_->maintenance->hold(streams);
}
std::optional<StreamId> Store::find_stream(std::string_view name) const {
  return impl_->logs->find(name);
}
Incarnation Store::incarnation(StreamId stream) const {
  return impl_->logs->incarnation(stream);
}
Result<Incarnation> Store::identify(StreamId topic, std::string_view identity) {
  return impl_->named.registry->identify(topic, identity);
}
Result<BindingId> Store::binding_id(std::string_view name) {
  return impl_->named.registry->binding(name);
}
Status Store::forget_binding(std::string_view name) {
  return impl_->named.registry->forget_binding(name);
}
Status Store::forget_stream(std::string_view name) {
  return impl_->named.registry->forget_stream(name);
}

Status Store::submit(model::Transaction&& transaction, Origin origin, CommitCallback done) {
  if (auto ok = impl_->refuse(transaction, origin); !ok) return ok;
  Pending pending{
      .transaction = std::move(transaction), .done = std::move(done), .changes = {}, .moves = {}};
  pending.bytes = model::bytes_of(pending.transaction);
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
  step_until(impl_->options, [&] { return answer.has_value(); });
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
  impl_->folder.notices.listen(std::move(listener));
}
bool Store::failed() const {
  return impl_->failed;
}
DiskRoom Store::disk_room() const {
  return impl_->folder.disk.room();
}
Store::Activity Store::activity() const {
  const auto& of = impl_->activity;
  return {of.commits, of.syncs, of.transactions.counts(), of.group_commits.counts()};
}

void Store::run_maintenance() {
  impl_->maintaining.run_round();
}

}  // namespace pelton::store
