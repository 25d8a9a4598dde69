// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/store.h"
#include "tests/contract/temporary_folder.h"
#include "tests/simulation/disk_model.h"
#include "tests/simulation/scheduler.h"
#include "tests/simulation/sim_disk.h"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace pelton::simulation {

// The engine's own Store on a simulated disk, stepped by the virtual clock: groups are built and
// committed some time after they were submitted, maintenance runs now and then, the disk fails at
// any operation, and the process or the power ends at any moment. What was acknowledged must be
// there afterwards, wholly and in order; of what was not, whole transactions in order, up to some
// point. A model that knows nothing but the order of transactions says what must be there.
class StoreHost {
 public:
  struct Listener {
    // A transaction that is on the disk; `placed` are its appends.
    std::function<void(Tag, const model::Transaction&,
                       const std::vector<model::PlacedBatch>& placed)>
        applied;
    std::function<void()> failed;  // the engine has to end: crash()
    std::function<void(const std::string&)> violation;
  };

  StoreHost(Scheduler& scheduler, Dice dice, const Scenario& scenario, Listener listener);

  // The process begins. False: the disk has failed, which is to be answered with crash().
  bool start();
  void submit(Tag tag, model::Transaction transaction, std::function<void()> durable);
  // The process ends at once, or the disk fails one of its next operations.
  void crash();
  void crash_soon();
  // The batch that has the first event at or after `offset`; nothing: there is none yet.
  std::optional<model::PlacedBatch> batch_at(const model::StreamPartition& at, Offset offset);
  store::Store& store() { return *store_; }
  // What must be on the disk.
  const DiskModel& disk() const { return model_; }
  // Compares the two.
  void check();

  // A stream that is in the config of some lives only.
  struct Guest {
    bool configured = false;
    bool forgotten = false;  // or may be, when `unsure`
    bool unsure = false;
    StreamId id;
    Incarnation incarnation;
    std::set<StreamId> ids;  // all that it had
    std::set<Incarnation> incarnations;
  };

  // The disk at another time. Taken while nothing is under way, put back after crash().
  struct Backup {
    SimDisk::Contents contents;
    DiskModel model;
    std::map<PartitionId, Offset> earliest;
    std::uint64_t acknowledged = 0;
    Guest guest;
  };
  Backup back_up() const { return {disk_.copy(), model_, earliest_, acknowledged_, guest_}; }
  void exchange(const Backup& backup);

 private:
  // In the order of submission.
  struct Pending {
    std::uint64_t serial = 0;
    Tag tag = 0;
    model::Transaction transaction;
    std::function<void()> durable;
  };

  Status open();
  std::vector<store::StreamSpec> streams() const;
  // Some of what was not acknowledged may be on the disk.
  void recover();
  void plan_build();
  void commit();
  void committed(std::uint64_t serial, const Result<store::Committed>& result);
  // The offsets that its appends get.
  std::vector<Offset> apply(const Pending& pending);
  void plan_maintenance();
  void maintain();
  std::vector<Offset> settled() const;  // of each partition of the input
  void check_retention();
  // A binding of its own that comes and is forgotten, and a stream that does.
  void visit();
  void check_guest();
  void visit_guest();
  // After every call into the store. True: it has failed.
  bool failed();
  void check_log(const model::StreamPartition& at, const DiskModel::Log& log);
  void check_binding();
  void check_keys();
  template <typename... Args>
  void violation(fmt::format_string<Args...> text, Args&&... args) {
    listener_.violation(fmt::format(text, std::forward<Args>(args)...));
  }

  Scheduler& scheduler_;
  Dice dice_;
  const Scenario& scenario_;
  const Listener listener_;
  const test::TemporaryFolder folder_;  // for the lock only
  SimDisk disk_;
  store::Options options_;
  store::Options::Steps steps_;
  std::unique_ptr<store::Store> store_;
  model::StreamPartition marks_;  // its cursor says how many transactions are on the disk
  BindingId marker_;
  DiskModel model_;
  std::map<PartitionId, Offset> earliest_;  // of the input, when it was looked at last
  std::deque<Pending> pending_;
  std::deque<std::function<void()>> durable_;  // to be told
  std::uint64_t next_serial_ = 1;
  std::uint64_t acknowledged_ = 0;  // serial of the last transaction that was
  std::uint64_t life_ = 0;
  std::uint64_t visits_ = 0;
  Guest guest_;
  bool build_planned_ = false;
  bool maintenance_planned_ = false;
};

}  // namespace pelton::simulation
