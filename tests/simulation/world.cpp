// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world.h"

#include "engine/base/hash.h"
#include "engine/model/batch_builder.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace pelton::simulation {
namespace {

constexpr std::uint64_t kMaxSteps = 3'000'000;
// Of virtual time; nothing waits for as much as a minute.
constexpr Duration kLongest = std::chrono::minutes(10);

class World {
 public:
  World(std::uint64_t seed, std::uint64_t events, Mutation mutation)
      : scenario_(Scenario::from_seed(seed, events)),
        dice_(seed + 17),
        mutation_(mutation),
        history_(scenario_, scheduler_),
        store_(scheduler_, Dice(dice_.seed()), scenario_,
               {[this](Tag tag, const auto& transaction, const auto& placed) {
                  history_.applied(tag, transaction, placed);
                },
                [this] { crash(); },
                [this](const std::string& text) { history_.violation("{}", text); }}) {}

  Report run() {
    const WallTime begun = scheduler_.now();
    start();
    produce();
    plan_crash();
    plan_replay();
    plan_purge();
    plan_seek();
    Report report;
    while (history_.violations().empty() && !over() && report.steps < kMaxSteps) {
      if (!scheduler_.step()) break;
      ++report.steps;
    }
    if (history_.violations().empty() && !over())
      history_.violation("after {} steps the run is not over: {}", report.steps,
                         engines_.back()->describe());
    if (history_.violations().empty() && scheduler_.now() - begun > kLongest)
      history_.violation("the run took {} s", (scheduler_.now() - begun) / std::chrono::seconds(1));
    if (history_.violations().empty()) history_.finish(store_.disk());
    if (history_.violations().empty()) last_start();
    report.violations = history_.violations();
    report.seen = history_.seen;
    return report;
  }

 private:
  // One append of a producer: sent again until it is acknowledged.
  struct Append {
    PartitionId partition;
    model::BatchPtr batch;
    bool acknowledged = false;
  };

  bool over() const {
    return produced_ && open_appends_ == 0 && engine_running_ && history_.all_settled() &&
           engines_.back()->quiet();
  }

  // What the run came to outlives the machine.
  void last_start() {
    store_.check();
    engines_.back()->stop();
    store_.crash();
    if (!store_.start()) history_.violation("the store does not start any more");
  }

  // While no engine runs: one that does goes on as if it had not been.
  void set_clock() {
    if (!dice_.chance(scenario_.faults.clock_set)) return;
    const std::array<Duration, 4> ahead{Duration{0}, -std::chrono::hours(1),
                                        std::chrono::hours(24 * 8),
                                        Duration{dice_.between(-500'000, 500'000)}};
    scheduler_.set_wall(ahead[dice_.below(ahead.size())]);
  }

  void start() {
    set_clock();
    if (!store_.start()) {
      store_.crash();
      return start_later();
    }
    engine_running_ = true;
    history_.restarted();
    engines_.push_back(std::make_unique<SimEngine>(engines_.size() + 1, scenario_, mended_,
                                                   mutation_, scheduler_, store_, history_,
                                                   Dice(dice_.seed())));
    engines_.back()->start();
  }

  void crash() {
    if (!engine_running_) return;
    engine_running_ = false;
    engines_.back()->stop();
    store_.crash();
    start_later();
  }

  void start_later() {
    scheduler_.after(Duration{dice_.between(100, 20'000)}, [this] {
      if (history_.violations().empty()) start();
    });
  }

  void produce() {
    if (next_ >= scenario_.messages.size()) return calm_down();
    const std::size_t count = std::min<std::size_t>(scenario_.messages.size() - next_,
                                                    1 + dice_.below(scenario_.append_size));
    std::map<PartitionId, model::BatchBuilder> builders;
    std::map<PartitionId, std::uint32_t> deltas;
    for (std::size_t i = 0; i < count; ++i) add(scenario_.messages[next_++], builders, deltas);
    for (auto& [partition, builder] : builders) {
      appends_.push_back({partition, builder.finish(), false});
      ++open_appends_;
      send(appends_.size() - 1);
    }
    scheduler_.after(Duration{dice_.between(100, 5'000)}, [this] { produce(); });
  }

  void add(const Message& message, std::map<PartitionId, model::BatchBuilder>& builders,
           std::map<PartitionId, std::uint32_t>& deltas) {
    const std::string data = message.data();
    model::EventView event;
    event.type = "simulated";
    event.source = "/producer";
    event.has_key = message.key.has_value();
    if (message.key) event.key = *message.key;
    event.data = data;
    event.time_us = static_cast<std::int64_t>(message.number);
    const PartitionId partition{
        message.key ? kafka_partition(*message.key, scenario_.partitions)
                    : static_cast<std::uint32_t>(dice_.below(scenario_.partitions))};
    scratch_.add(event);
    const model::BatchPtr one = scratch_.finish();
    std::uint32_t& delta = deltas[partition];
    if (scenario_.gaps) delta += static_cast<std::uint32_t>(dice_.below(3));
    builders[partition].add_at(*one, 0, delta++);
  }

  void send(std::size_t which) {
    if (appends_[which].acknowledged) return;
    if (engine_running_) {
      submit(which);
      // It did not see the acknowledgement, and sends once more.
      if (dice_.chance(scenario_.faults.producer_retries)) submit(which);
    }
    scheduler_.after(std::chrono::milliseconds(300), [this, which] { send(which); });
  }

  void submit(std::size_t which) {
    model::Transaction transaction;
    transaction.appends.push_back({{kInput, appends_[which].partition}, appends_[which].batch});
    store_.submit(0, std::move(transaction), [this, which] { acknowledge(which); });
  }

  void acknowledge(std::size_t which) {
    if (!std::exchange(appends_[which].acknowledged, true)) --open_appends_;
    engines_.back()->appended();
  }

  // Everything was produced: after a while the faults end, so that the run does as well.
  void calm_down() {
    scheduler_.after(std::chrono::milliseconds(dice_.between(0, 500)), [this] {
      const Duration seek = scenario_.faults.seek;
      scenario_.faults = {};
      scenario_.faults.seek = seek;
      produced_ = true;
    });
  }

  void plan(Duration mean, void (World::*then)()) {
    if (mean == Duration{0} || produced_) return;
    scheduler_.after(Duration{dice_.between(1, mean.count() * 2)}, [this, then] {
      if (!produced_) (this->*then)();
    });
  }
  void plan_crash() { plan(scenario_.faults.engine_crash, &World::crash_now); }
  void plan_replay() { plan(scenario_.faults.replay, &World::replay_now); }
  void plan_purge() { plan(scenario_.faults.purge, &World::purge_now); }
  void plan_seek() { plan(scenario_.faults.seek, &World::seek_now); }

  void crash_now() {
    if (engine_running_ && dice_.chance(0.5))
      store_.crash_soon();
    else
      crash();
    plan_crash();
  }

  void replay_now() {
    plan_replay();
    const auto& letters = store_.disk().letters;
    if (letters.empty() || !engine_running_) return;
    const auto which =
        std::next(letters.begin(), static_cast<std::ptrdiff_t>(dice_.below(letters.size())));
    const auto letter = store_.store().dead_letter(which->first);
    if (!letter || !*letter) return history_.violation("a dead letter is lost");
    const std::uint64_t number = number_of((*letter)->event->data(0));
    if (scenario_.messages.at(number).mended) mended_.insert(number);
    engines_.back()->replay(**letter);
  }

  void purge_now() {
    plan_purge();
    const auto& letters = store_.disk().letters;
    if (letters.empty() || !engine_running_) return;
    model::Transaction purge;
    purge.dead_letters_removed.push_back(
        std::next(letters.begin(), static_cast<std::ptrdiff_t>(dice_.below(letters.size())))
            ->first);
    store_.submit(kPurgeTag, std::move(purge), [] {});
  }

  void seek_now() {
    plan_seek();
    const PartitionId partition{static_cast<std::uint32_t>(dice_.below(scenario_.partitions))};
    const auto log = store_.disk().logs.find({kInput, partition});
    if (log == store_.disk().logs.end() || !engine_running_) return;
    engines_.back()->seek(partition, dice_.between(0, log->second.end));
  }

  Scheduler scheduler_;
  Scenario scenario_;
  Dice dice_;
  const Mutation mutation_;
  History history_;
  StoreHost store_;
  std::set<std::uint64_t> mended_;
  std::vector<std::unique_ptr<SimEngine>> engines_;  // the last one lives
  bool engine_running_ = false;
  std::vector<Append> appends_;
  std::size_t next_ = 0;
  std::uint64_t open_appends_ = 0;
  bool produced_ = false;
  model::BatchBuilder scratch_;
};

}  // namespace

Report run(std::uint64_t seed, std::uint64_t events, Mutation mutation) {
  return World(seed, events, mutation).run();
}

}  // namespace pelton::simulation
