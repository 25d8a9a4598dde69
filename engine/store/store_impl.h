// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/binding_state.h"
#include "engine/store/group_writer.h"
#include "engine/store/maintenance.h"

#include <atomic>
#include <condition_variable>
#include <thread>

namespace pelton::store {

// Internal: what the sources of Store share. Writing is in store.cpp, reading in store_read.cpp.
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
  Status refuse(const model::Transaction& transaction, Origin origin) const;
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
  void refuse_all(std::vector<Pending>& group);
  void maintain();
  void watch_space(const std::vector<Pending>& group);

  std::chrono::steady_clock::time_point next_maintenance{};
  std::size_t since_space_check = 0;
  std::thread thread;
};

}  // namespace pelton::store
