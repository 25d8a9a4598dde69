// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/shard/shard_world.h"

#include "tests/simulation/history.h"
#include "tests/simulation/shard/producers.h"
#include "tests/simulation/shard/shard_life.h"
#include "tests/simulation/shard/virtual_time.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace pelton::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kStep = milliseconds(1);  // between polls while nothing else happens
constexpr Duration kLongest = std::chrono::minutes(10);
// What an operator asked for is answered by then, one way or the other.
constexpr Duration kLongestAnswer = std::chrono::minutes(2);
// From the start of a replacement until the old workers have finished what they had.
constexpr Duration kLongestReplaced = seconds(12);
// Before a worker is started again where others have ended soon.
constexpr Duration kLongestBackoff = seconds(40);
constexpr auto kDrainPatience = seconds(20);
constexpr Duration kMonotonicBegin = std::chrono::hours(1);

class ShardWorld final : private VirtualTime {
 public:
  ShardWorld(std::uint64_t seed, std::uint64_t events)
      : scenario_(ShardScenario::from_seed(seed, events)),
        faults_(scenario_.faults),
        dice_(seed + 29),
        history_(scenario_),
        machine_({scheduler_, dice_, scenario_, faults_, mended_, history_}),
        producers_(scenario_, dice_, history_) {
    set_time(this);
  }
  ~ShardWorld() override {
    life_.reset();
    machine_.end_all();
    set_time(nullptr);
  }

  ShardReport run() {
    start();
    plan_round();
    plan_faults();
    go_until([this] { return over(); }, "the events are settled");
    if (good()) go_idle();
    if (good()) end_in_order([this] { ended_ = true; });
    if (good()) go_until([this] { return ended_; }, "the engine ends");
    if (good()) look_back();
    return {history_.violations(), history_.seen, steps_};
  }

 private:
  // ---- the time
  Duration monotonic() const override {
    return kMonotonicBegin + (scheduler_.now() - begun_) + frozen_;
  }
  WallTime wall() const override { return scheduler_.wall() + frozen_; }

  bool good() const { return history_.violations().empty(); }

  template <typename Over>
  void go_until(const Over& is_over, std::string_view what) {
    const WallTime since = scheduler_.now();
    while (good() && !is_over()) {
      scheduler_.step();
      ++steps_;
      if (life_ && !life_->poll()) history_.violation("the shard does not come to rest");
      if (life_ && life_->failed()) crash();
      if (scheduler_.now() - std::max(since, calm_since_) > kLongest && (calm_ || ended_))
        history_.violation("it takes too long until {}: {}", what,
                           life_ ? life_->describe() : "no engine runs");
    }
  }

  // What happens all the time: the io_context is polled, the store's threads get their turn.
  void plan_round() {
    scheduler_.after(kStep, [this] {
      plan_round();
      if (!life_) return;
      if (dice_.chance(0.5)) store_round();
      while (!replaced_.empty() && scheduler_.now() - replaced_.front() > kLongestReplaced)
        replaced_.pop_front();
      machine_.check(replaced_.size());
      if (!ending_) producers_.send();
    });
  }

  void store_round() {
    life_->build();
    const Duration sync = dice_.chance(faults_.slow_sync) ? milliseconds(dice_.between(5, 100))
                                                          : Duration{dice_.between(30, 900)};
    scheduler_.after(sync, [this, life = lives_] {
      if (!life_ || life != lives_) return;
      life_->commit();
      if (dice_.chance(0.02) && !life_->failed()) life_->maintain();
    });
  }

  // ---- lives
  void start() {
    disk_.start();
    life_ = std::make_unique<ShardLife>(
        ShardLife::Setup{scenario_.config, scenario_.memory, disk_, folder_, machine_});
    ++lives_;
    ending_ = reloading_ = false;
    renewals_ = 0;
    asked_.clear();
    history_.restarted(std::exchange(in_order_, false));
    if (auto ok = life_->begin(); !ok)
      return history_.violation("the engine does not start: {}", ok.error().text());
    machine_.engine_runs(true);
    producers_.begin(life_->store());
  }

  void crash() {
    disk_.stop();
    end_life();
    if (dice_.chance(0.6)) disk_.lose_power(dice_);
    start_later();
  }

  void start_later() {
    scheduler_.after(milliseconds(dice_.between(1, 300)), [this] {
      if (good()) start();
    });
  }

  // Whatever ended it: nothing is claimed by what is gone, and no process outlives it.
  void end_life() {
    machine_.engine_runs(false);
    const std::uint64_t claimed = life_->end();
    if (claimed > 0) history_.violation("{} bytes of memory are claimed by nobody", claimed);
    life_.reset();
    machine_.end_all();
  }

  void end_in_order(std::function<void()> then) {
    ending_ = true;
    life_->drain(kDrainPatience, [this, life = lives_, then = std::move(then)] {
      // Not from within a call of the shard that is to go.
      scheduler_.after(Duration{0}, [this, life, then] {
        if (!life_ || life != lives_) return;
        if (machine_.processes() > 0)
          history_.violation("the engine has ended, {} processes have not", machine_.processes());
        in_order_ = true;
        end_life();
        then();
      });
    });
  }

  // ---- what the seed wants to happen now and then
  void plan(Duration mean, void (ShardWorld::*then)()) {
    if (mean == Duration{0}) return;
    scheduler_.after(Duration{dice_.between(1, mean.count() * 2)}, [this, mean, then] {
      if (calm_) return;
      plan(mean, then);
      if (life_ && !ending_ && good()) (this->*then)();
    });
  }

  void plan_faults() {
    plan(faults_.engine_crash, &ShardWorld::crash_now);
    plan(faults_.restart, &ShardWorld::restart_now);
    plan(faults_.reload, &ShardWorld::reload_now);
    plan(faults_.renew, &ShardWorld::renew_now);
    plan(faults_.pause, &ShardWorld::pause_now);
    plan(faults_.replay, &ShardWorld::replay_now);
    plan(faults_.seek, &ShardWorld::seek_now);
    plan(faults_.freeze, &ShardWorld::freeze_now);
    plan(faults_.clock_set, &ShardWorld::set_clock);
    calm_down();
  }

  // Once everything is produced, and a while after, the faults end, so that the run does as well.
  void calm_down() {
    scheduler_.after(milliseconds(dice_.between(200, 2'000)), [this] {
      if (!producers_.done() || !life_) return calm_down();
      faults_ = {};
      disk_.start();
      calm_ = true;
      calm_since_ = scheduler_.now();
    });
  }

  void crash_now() {
    if (dice_.chance(0.5)) return crash();
    disk_.fail_at(1 + dice_.below(60),
                  dice_.chance(0.5) ? SimDisk::Fault::io_error : SimDisk::Fault::full);
  }

  void restart_now() {
    if (!reloading_) end_in_order([this] { start_later(); });
  }

  // The answer has to come, once, while the engine lives.
  template <typename Answer>
  auto asked(std::string what, Answer answer) {
    const std::uint64_t id = next_question_++;
    asked_.insert(id);
    scheduler_.after(kLongestAnswer, [this, id, what, life = lives_] {
      if (life == lives_ && life_ && asked_.contains(id))
        history_.violation("{} is not answered", what);
    });
    return [this, id, what, life = lives_, answer](auto&& result) {
      if (life != lives_) return;
      if (asked_.erase(id) == 0) history_.violation("{} is answered twice", what);
      answer(result);
    };
  }

  void reload_now() {
    if (reloading_) return;
    reloading_ = true;
    ++history_.seen.reloads;
    replaced_.push_back(scheduler_.now());
    runtime::Lineup parts = runtime::everything(scenario_.config);
    if (dice_.chance(0.5)) {
      parts.functions.clear();
      if (dice_.chance(0.7)) parts.bindings.erase(scenario_.config.bindings.front().name);
    }
    life_->reload(parts, asked("a reload", [this](bool) { reloading_ = false; }));
  }

  void renew_now() {
    if (reloading_) return;
    ++history_.seen.renewals;
    ++renewals_;
    replaced_.push_back(scheduler_.now());
    life_->function()->renew(
        asked("a restart of the function", [this](const Result<std::size_t>&) { --renewals_; }));
  }

  const config::Binding& some_binding() {
    return scenario_.config.bindings[dice_.below(scenario_.config.bindings.size())];
  }

  void pause_now() {
    if (reloading_) return;
    const std::string name = some_binding().name;
    life_->binding(name).hold(runtime::Hold::paused);
    scheduler_.after(milliseconds(dice_.between(10, 500)), [this, name, life = lives_] {
      if (life_ && life == lives_ && !reloading_ && !ending_)
        life_->binding(name).hold(runtime::Hold::paused, false);
      else if (life_ && life == lives_)
        pause_ended_late(name);
    });
  }

  // While the binding is being replaced it is neither here nor there.
  void pause_ended_late(const std::string& name) {
    scheduler_.after(milliseconds(5), [this, name, life = lives_] {
      if (!life_ || life != lives_ || ending_) return;
      if (reloading_) return pause_ended_late(name);
      life_->binding(name).hold(runtime::Hold::paused, false);
    });
  }

  void replay_now() {
    if (reloading_) return;
    runtime::BindingRunner& runner = life_->binding(some_binding().name);
    std::vector<model::DeadLetter> letters;
    static_cast<void>(life_->store().dead_letters(runner.dispatcher().options().id, std::nullopt,
                                                  [&](const model::DeadLetter& letter) {
                                                    letters.push_back(letter);
                                                    return true;
                                                  }));
    if (letters.empty()) return;
    const model::DeadLetter& letter = letters[dice_.below(letters.size())];
    const std::uint64_t number = number_of(letter.event->data(0));
    if (dice_.chance(0.7)) mended_.insert(number);
    history_.replays(number);
    ++history_.seen.replays;
    runner.replay(letter);
  }

  void seek_now() {
    if (reloading_) return;
    const config::Binding& binding = some_binding();
    runtime::BindingRunner& runner = life_->binding(binding.name);
    const auto partitions = runner.input().positions.partitions();
    const PartitionId partition = partitions[dice_.below(partitions.size())];
    const auto bounds =
        life_->store().bounds({*life_->store().find_stream(binding.from), partition});
    const auto cursor = runner.view(partition).counts.cursor;
    if (!bounds || cursor <= bounds->earliest) return;
    // Back: what is passed over would never be done.
    history_.seeks();
    ++history_.seen.seeks;
    runner.seek(partition, dice_.between(bounds->earliest, cursor),
                asked("a seek", [](const Status&) {}));
  }

  // Engine and workers stand still; the clocks do not.
  void freeze_now() { frozen_ += milliseconds(dice_.between(200, 120'000)); }

  void set_clock() {
    const std::array<Duration, 4> ahead{Duration{0}, -std::chrono::hours(1),
                                        std::chrono::hours(24 * 8),
                                        Duration{dice_.between(-500'000, 500'000)}};
    scheduler_.set_wall(ahead[dice_.below(ahead.size())]);
  }

  // ---- the end
  bool over() const {
    return calm_ && life_ && !reloading_ && !ending_ && renewals_ == 0 && asked_.empty() &&
           producers_.done() && life_->settled();
  }

  // Nobody has anything to do: the workers that are not always there end.
  void go_idle() {
    const config::Function& function = scenario_.config.functions.front();
    const WallTime by = scheduler_.now() + function.scale.idle + kLongestBackoff;
    go_until([&] { return scheduler_.now() > by || machine_.processes() == function.scale.min; },
             "workers are idle");
    if (good() && machine_.processes() != function.scale.min)
      history_.violation("{} processes are left when there is nothing to do, not {}: {}",
                         machine_.processes(), function.scale.min, life_->describe());
  }

  // What the run came to is on the disk.
  void look_back() {
    start();
    if (good()) history_.finish(life_->store());
  }

  ShardScenario scenario_;
  ShardFaults faults_;  // as they are now
  Dice dice_;
  Scheduler scheduler_;
  const WallTime begun_ = scheduler_.now();
  Duration frozen_{0};
  std::set<std::uint64_t> mended_;
  ShardHistory history_;
  Machine machine_;
  SimDisk disk_;
  const test::TemporaryFolder folder_;
  std::unique_ptr<ShardLife> life_;
  std::uint64_t lives_ = 0;
  Producers producers_;
  std::set<std::uint64_t> asked_;  // questions that are not answered
  std::uint64_t next_question_ = 0;
  int renewals_ = 0;
  bool reloading_ = false, ending_ = false, ended_ = false, calm_ = false, in_order_ = true;
  WallTime calm_since_{};
  std::deque<WallTime> replaced_;  // when workers began to be, not long ago
  std::uint64_t steps_ = 0;
};

}  // namespace

ShardReport run_shard(std::uint64_t seed, std::uint64_t events) {
  return ShardWorld(seed, events).run();
}

}  // namespace pelton::simulation
