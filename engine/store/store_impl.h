// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/run_clock.h"
#include "engine/store/binding_state.h"
#include "engine/store/disk_space.h"
#include "engine/store/folder_lock.h"
#include "engine/store/group_writer.h"
#include "engine/store/ledger.h"
#include "engine/store/maintenance.h"
#include "engine/store/maintenance_thread.h"
#include "engine/store/registry.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <thread>

namespace pelton::store {

// The threads that build and commit groups in turns, and what the one whose turn it is owns.
struct Committing {
  static constexpr std::size_t kThreads = 2;
  std::vector<std::thread> threads;
  std::uint64_t last_lap = 0;
  std::deque<Group> built;  // with Options::steps, which replaces the threads
};

// With Options::steps, what is waited for is done by whoever waits.
void step_until(const Options& options, const std::function<bool()>& over);

// Internal: what the sources of Store share. The threads are in store_threads.cpp, the interface in
// store.cpp, reading in store_read.cpp.
class Store::Impl {
 public:
  Impl(const Options& settings)
      : options(settings),
        folder(options),
        queue(settings.queue_transactions, settings.queue_bytes, settings.memory) {}

  ~Impl();

  Status open(std::span<const StreamSpec> streams);
  // Why the transaction is not taken, if so. E4107: a partition that is not there.
  Status refuse(const model::Transaction& transaction, Origin origin) const;
  void fail_with(const Error& error);
  void listen_for_failure(std::function<void(const Error&)> listener);
  // Durable on return.
  Status write(Changes&& changes);

  Options options;
  struct Folder {
    explicit Folder(const Options& options) : disk(options, notices) {}
    Notices notices;
    DiskSpace disk;
    FolderLock lock;
  } folder;
  std::unique_ptr<Database> database;
  std::unique_ptr<SegmentFolder> own_folder;
  std::unique_ptr<Log> log;
  std::unique_ptr<Logs> logs;
  std::unique_ptr<BindingState> bindings;
  std::unique_ptr<Maintenance> maintenance;
  // What is kept by name: streams and bindings, and the connectors' own.
  struct {
    std::unique_ptr<Registry> registry;
    std::unique_ptr<Ledger> ledger;
  } named;
  std::unique_ptr<GroupWriter> writer;
  TransactionQueue queue;
  AppendListener on_append;
  std::atomic<bool> failed{false};
  // Since open(), for metrics; added to by the thread whose turn it is.
  struct {
    std::atomic<std::uint64_t> commits{0}, syncs{0};
    Histogram transactions, group_commits;
  } activity;

  MaintenanceThread maintaining;

  std::mutex mutex;
  std::function<void(const Error&)> on_failure;  // guarded by mutex
  Error failure;                                 // guarded by mutex, written once

 private:
  Status open_log(const LogSlot& applied);
  Status replay(std::string_view metadata);
  // What the committing threads do, in turns.
  void run();
  // The same for Options::steps.
  enum class Step { build, commit };
  bool step(Step step);
  void commit(Group& group);
  Status write_group(Group& group);
  void refuse_all(Group& group);
  Status write_log(Group& group);
  Status write(Pending&& pending);
  Status write_moves(std::vector<Move>&& moves);
  void maintain();
  WallTime now() const { return options.now ? options.now() : clock.now(); }

  RunClock clock;  // one that does not step

  Committing committing;
};

}  // namespace pelton::store
