// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/group_world.h"

#include "engine/base/hash.h"
#include "engine/model/batch_builder.h"
#include "tests/simulation/sim_node.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace pelton::simulation {
namespace {

constexpr std::uint64_t kMaxSteps = 3'000'000;

class GroupWorld {
 public:
  GroupWorld(std::uint64_t seed, std::uint64_t events, GroupMutation mutation)
      : scenario_(GroupScenario::from_seed(seed, events)),
        dice_(seed + 29),
        mutation_(mutation),
        history_(scenario_),
        broker_(scheduler_, Dice(dice_.seed()), scenario_) {
    broker_.on_applied = [this](PartitionId partition, const Committed& value) {
      history_.applied(partition, value);
    };
    for (std::uint32_t n = 1; n <= scenario_.nodes; ++n) add_place(n);
  }

  GroupReport run() {
    for (Place& place : places_)
      scheduler_.after(Duration{dice_.between(0, 20'000)}, [this, &place] { start(place); });
    produce();
    plan(scenario_.faults.kill, [this] { kill(any()); });
    plan(scenario_.faults.pause, [this] { pause(any()); });
    plan(scenario_.faults.leave, [this] { leave(any()); });
    plan(scenario_.faults.reset, [this] { reset(); });
    GroupReport report;
    while (history_.violations().empty() && !over() && report.steps < kMaxSteps) {
      if (!scheduler_.step()) break;
      ++report.steps;
    }
    if (history_.violations().empty() && !over())
      history_.violation("after {} steps the run is not over: {}", report.steps, describe());
    if (history_.violations().empty()) history_.finish(broker_);
    report.violations = history_.violations();
    report.seen = history_.seen;
    return report;
  }

 private:
  // Where a node runs, one life after the other.
  struct Place {
    NodeDisk disk;
    SimNode* node = nullptr;
    struct Backup {
      StoreHost::Backup disk;
      std::map<PartitionId, std::uint64_t> epochs;
    };
    std::optional<Backup> backup;
  };

  void add_place(std::uint32_t number) {
    Place& place = places_.emplace_back();
    place.disk.node = number;
    place.disk.store = std::make_unique<StoreHost>(
        scheduler_, Dice(dice_.seed()), scenario_.base,
        StoreHost::Listener{[this, &place](Tag tag, const auto& transaction, const auto&) {
                              written(place, tag, transaction);
                            },
                            [this, &place] { fail(place); },
                            [this](const std::string& text) { history_.violation("{}", text); }});
    open(place);
  }

  // What a disk has after the end of a node does not depend on when the next one looks.
  void open(Place& place) {
    while (!place.disk.store->start() && history_.violations().empty()) place.disk.store->crash();
  }

  void written(Place& place, Tag tag, const model::Transaction& transaction) {
    if ((tag & kEpochTag) != 0)
      place.disk.epochs[transaction.progress.front().at.partition] = tag & ~kEpochTag;
    else
      history_.written(place.disk.life, tag, transaction);
  }

  bool over() const {
    if (!produced_ || !broker_.stable() || !history_.all_settled()) return false;
    std::size_t held = 0;
    for (const Place& place : places_) {
      if (place.node == nullptr || !place.node->quiet()) return false;
      held += place.node->partitions();
    }
    return held == scenario_.base.partitions;
  }

  std::string describe() const {
    std::string text = broker_.stable() ? "stable" : "rebalancing";
    text += "; not settled:" + history_.describe();
    for (const Place& place : places_)
      text += place.node == nullptr ? "\n    no node" : "\n    " + place.node->describe();
    return text;
  }

  Place& any() { return places_[dice_.below(places_.size())]; }

  // Again and again while events are produced.
  void plan(Duration mean, std::function<void()> what) {
    if (mean == Duration{0} || produced_) return;
    scheduler_.after(Duration{dice_.between(1, mean.count() * 2)}, [this, mean, what] {
      if (produced_) return;
      what();
      plan(mean, what);
    });
  }

  // ---- nodes
  void start(Place& place) {
    if (place.node != nullptr) return;
    place.disk.life = nodes_.size() + 1;
    nodes_.push_back(std::make_unique<SimNode>(place.disk.life, scenario_, mutation_, scheduler_,
                                               place.disk, broker_, history_, Dice(dice_.seed()),
                                               [this, &place] { kill(place); }));
    place.node = nodes_.back().get();
    place.node->start();
  }

  // The broker hears of it when the session times out.
  void kill(Place& place) {
    if (place.node == nullptr) return;
    const MemberId member = place.node->member();
    place.node->kill();
    place.node = nullptr;
    place.disk.store->crash();
    if (place.backup && dice_.chance(scenario_.faults.restore_backup)) {
      place.disk.store->exchange(place.backup->disk);
      place.disk.epochs = place.backup->epochs;
      history_.backup_restored(place.disk.node);
    }
    open(place);
    history_.died(place.disk.life);
    back_up(place);
    scheduler_.after(scenario_.session_timeout, [this, member] { broker_.expel(member); });
    scheduler_.after(Duration{dice_.between(100, 80'000)}, [this, &place] { start(place); });
  }

  void fail(Place& place) {
    if (place.node != nullptr) return kill(place);
    place.disk.store->crash();
    open(place);
  }

  // Seldom a new one: what is old does the harm.
  void back_up(Place& place) {
    if (place.backup && dice_.chance(0.8)) return;
    place.backup = Place::Backup{place.disk.store->back_up(), place.disk.epochs};
  }

  void pause(Place& place) {
    SimNode* node = place.node;
    if (node == nullptr || node->paused()) return;
    node->pause();
    scheduler_.after(scenario_.session_timeout, [this, node, member = node->member()] {
      if (node->paused()) broker_.expel(member);
    });
    scheduler_.after(Duration{dice_.between(1'000, scenario_.session_timeout.count() * 3)},
                     [node] { node->resume(); });
  }

  void leave(Place& place) {
    SimNode* node = place.node;
    if (node == nullptr || node->leaving()) return;
    node->leave([this, &place, node] {
      if (place.node == node) scheduler_.after(Duration{0}, [this, &place] { kill(place); });
    });
  }

  // Offsets can be reset while nobody is in the group only.
  void reset() {
    for (Place& place : places_) kill(place);
    broker_.expel_all();
    for (std::uint32_t p = 0; p < scenario_.base.partitions; ++p) {
      if (dice_.chance(0.3)) continue;
      const Offset offset = dice_.between(0, broker_.end(PartitionId{p}));
      broker_.reset(PartitionId{p}, offset);
      history_.reset(PartitionId{p}, offset);
    }
    if (dice_.chance(scenario_.faults.restore_backup)) go_back(any());
  }

  // A disk comes back that is of the time before the reset, after its node has committed again:
  // what it knows to be done is to be done once more.
  void go_back(Place& place) {
    place.backup = Place::Backup{place.disk.store->back_up(), place.disk.epochs};
    scheduler_.after(Duration{dice_.between(5'000, 60'000)}, [this, &place] { kill(place); });
  }

  // ---- producers
  void produce() {
    if (next_ >= scenario_.base.messages.size()) return calm_down();
    const std::size_t count = std::min<std::size_t>(scenario_.base.messages.size() - next_,
                                                    1 + dice_.below(scenario_.base.append_size));
    std::map<PartitionId, model::BatchBuilder> builders;
    std::map<PartitionId, std::uint32_t> deltas;
    for (std::size_t i = 0; i < count; ++i) add(scenario_.base.messages[next_++], builders, deltas);
    for (auto& [partition, builder] : builders)
      history_.produced(broker_.append(partition, builder.finish()));
    for (Place& place : places_)
      if (place.node != nullptr) place.node->fetch();
    scheduler_.after(Duration{dice_.between(100, 10'000)}, [this] { produce(); });
  }

  void add(const Message& message, std::map<PartitionId, model::BatchBuilder>& builders,
           std::map<PartitionId, std::uint32_t>& deltas) {
    const std::string data = message.data();
    model::EventView event;
    event.has_key = message.key.has_value();
    if (message.key) event.key = *message.key;
    event.data = data;
    const std::uint32_t partitions = scenario_.base.partitions;
    const PartitionId partition{message.key ? kafka_partition(*message.key, partitions)
                                            : static_cast<std::uint32_t>(dice_.below(partitions))};
    scratch_.add(event);
    const model::BatchPtr one = scratch_.finish();
    std::uint32_t& delta = deltas[partition];
    if (scenario_.base.gaps) delta += static_cast<std::uint32_t>(dice_.below(3));
    builders[partition].add_at(*one, 0, delta++);
  }

  // Everything was produced: after a while the faults end, so that the run does as well.
  void calm_down() {
    scheduler_.after(std::chrono::milliseconds(dice_.between(0, 200)), [this] {
      scenario_.faults = {};
      scenario_.base.faults = {};
      produced_ = true;
    });
  }

  Scheduler scheduler_;
  GroupScenario scenario_;
  Dice dice_;
  const GroupMutation mutation_;
  GroupHistory history_;
  SimBroker broker_;
  std::deque<Place> places_;
  std::vector<std::unique_ptr<SimNode>> nodes_;  // all lives
  std::size_t next_ = 0;
  bool produced_ = false;
  model::BatchBuilder scratch_;
};

}  // namespace

GroupReport run_group(std::uint64_t seed, std::uint64_t events, GroupMutation mutation) {
  return GroupWorld(seed, events, mutation).run();
}

}  // namespace pelton::simulation
