// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/expression.h"
#include "connectors/schedule/planner.h"
#include "connectors/schedule/position_text.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace pelton::schedule {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;
using SlotTimes = std::vector<std::int64_t>;

constexpr Slot kStart{seconds{1'800'000'000}};  // a multiple of a minute

Slot slot_at(std::int64_t after_start) {
  return kStart + seconds{after_start};
}

Recurrence every(seconds interval) {
  return Recurrence(Recurrence::OfInterval{interval, kStart});
}

// A schedule of a minute whose clock the test owns.
class Minutely {
 public:
  explicit Minutely(Policy policy, seconds interval = 60s)
      : interval_(interval),
        policy_(policy),
        planner_(every(interval), policy, first_position(kStart)) {}

  SlotTimes look(std::int64_t now, bool unsettled = false, std::size_t room = 10'000) {
    last = planner_.look(slot_at(now), unsettled, room);
    SlotTimes out;
    for (const Slot slot : last.fire) out.push_back((slot - kStart).count());
    return out;
  }
  void restart() {
    planner_ = Planner(every(interval_), policy_,
                       decode_position(encode({"", planner_.position()}))->position);
  }

  Look last;

 private:
  seconds interval_;
  Policy policy_;
  Planner planner_;
};

TEST(Planner, ASlotFiresOnceItIsDue) {
  Minutely schedule({});
  EXPECT_EQ(schedule.look(0), SlotTimes{});
  EXPECT_EQ(schedule.look(59), SlotTimes{});
  EXPECT_FALSE(schedule.last.changed);
  EXPECT_EQ(schedule.look(60), SlotTimes{60});
  EXPECT_EQ(schedule.look(60), SlotTimes{});
  schedule.restart();
  EXPECT_EQ(schedule.look(61), SlotTimes{});
  EXPECT_EQ(schedule.look(120), SlotTimes{120});
}

TEST(Planner, AMinuteLateIsNotMissed) {
  Minutely schedule({.missed = Missed::skip});
  EXPECT_EQ(schedule.look(120), SlotTimes({60, 120}));
}

TEST(Planner, MissedSlots) {
  // The last two are not late.
  const std::map<Missed, SlotTimes> expected{
      {Missed::skip, {540, 600}},
      {Missed::one, {480, 540, 600}},
      {Missed::all, {120, 180, 240, 300, 360, 420, 480, 540, 600}}};
  for (const auto& [missed, slots] : expected) {
    Minutely schedule({.missed = missed});
    schedule.look(60);
    schedule.restart();
    EXPECT_EQ(schedule.look(600), slots);
    EXPECT_EQ(schedule.last.missed.slots + slots.size(), 9U);
  }
}

TEST(Planner, AllIsBounded) {
  Minutely schedule({.missed = Missed::all});
  const SlotTimes fired = schedule.look(60 * 100'000);
  EXPECT_EQ(fired.size(), 1'002U) << "a thousand, and the two that are not late";
  EXPECT_EQ(schedule.last.missed.slots, 100'000U - 1'002U);
  EXPECT_EQ(schedule.last.missed.first, slot_at(60));
  EXPECT_EQ(fired.back(), 60 * 100'000);
}

TEST(Planner, ACenturyIsSurvived) {
  Minutely schedule({.missed = Missed::one}, 1s);
  const SlotTimes fired = schedule.look(100LL * 365 * 86'400);
  EXPECT_EQ(fired.size(), 62U);
  EXPECT_GE(schedule.last.missed.slots, 900'000U);
}

TEST(Planner, RoomIsKept) {
  Minutely schedule({.missed = Missed::all});
  EXPECT_EQ(schedule.look(300, false, 2), SlotTimes({60, 120}));
  schedule.restart();
  EXPECT_EQ(schedule.look(300, false, 2), SlotTimes({180, 240}));
  EXPECT_EQ(schedule.look(300, false, 2), SlotTimes({300}));
}

TEST(Planner, OverlapSkips) {
  Minutely schedule({.overlap = Overlap::skip});
  EXPECT_EQ(schedule.look(60), SlotTimes{60});
  EXPECT_EQ(schedule.look(120, true), SlotTimes{});
  EXPECT_EQ(schedule.last.overlap.slots, 1U);
  EXPECT_TRUE(schedule.last.changed) << "what was skipped is not made up for after a restart";
  EXPECT_EQ(schedule.look(180), SlotTimes{180});
}

TEST(Planner, OverlapQueuesOneAfterTheOther) {
  Minutely schedule({.overlap = Overlap::queue});
  EXPECT_EQ(schedule.look(60), SlotTimes{60});
  EXPECT_EQ(schedule.look(120, true), SlotTimes{});
  EXPECT_EQ(schedule.look(180, true), SlotTimes{});
  schedule.restart();
  EXPECT_EQ(schedule.look(200), SlotTimes{120}) << "kept across the restart";
  EXPECT_EQ(schedule.look(201, true), SlotTimes{});
  EXPECT_EQ(schedule.look(202), SlotTimes{180});
}

TEST(Planner, AClockThatIsSetBackRepeatsNothing) {
  Minutely schedule({});
  EXPECT_EQ(schedule.look(60), SlotTimes{60});
  EXPECT_EQ(schedule.look(120), SlotTimes{120});
  EXPECT_EQ(schedule.look(59), SlotTimes{});
  EXPECT_EQ(schedule.look(121), SlotTimes{});
  EXPECT_EQ(schedule.look(180), SlotTimes{180});
}

TEST(Planner, AClockThatWasAheadLosesNothing) {
  Minutely schedule({});
  EXPECT_EQ(schedule.look(60), SlotTimes{60});
  EXPECT_EQ(schedule.look(60'000), SlotTimes({59'880, 59'940, 60'000})) << "it steps forward";
  EXPECT_EQ(schedule.look(100), SlotTimes{}) << "and back";
  schedule.restart();
  EXPECT_EQ(schedule.look(119), SlotTimes{});
  EXPECT_EQ(schedule.look(120), SlotTimes{120});
  EXPECT_EQ(schedule.look(180), SlotTimes{180});
  EXPECT_EQ(schedule.look(60'000), SlotTimes({59'820})) << "the newest that gave no event yet";
  EXPECT_EQ(schedule.look(60'060), SlotTimes({60'060}));
}

TEST(Planner, NothingComesOfBeforeTheFirstStartWhenTheClockComesBack) {
  Minutely schedule({.missed = Missed::all});
  EXPECT_EQ(schedule.look(60), SlotTimes{60});
  EXPECT_EQ(schedule.look(-1'000'030), SlotTimes{});
  EXPECT_EQ(schedule.look(70), SlotTimes{});
  EXPECT_EQ(schedule.look(120), SlotTimes{120});
}

TEST(Planner, JitterDelaysAndNeverChanges) {
  const Policy policy{.jitter = 30s, .seed = 7};
  const Planner one(every(60s), policy, first_position(kStart));
  const Planner other(every(60s), policy, first_position(kStart));
  std::map<std::int64_t, int> delays;
  for (int i = 0; i < 1'000; ++i) {
    const auto delay = (one.due_time(slot_at(60 * i)) - slot_at(60 * i)).count();
    EXPECT_EQ(one.due_time(slot_at(60 * i)), other.due_time(slot_at(60 * i)));
    EXPECT_GE(delay, 0);
    EXPECT_LE(delay, 30);
    ++delays[delay];
  }
  EXPECT_EQ(delays.size(), 31U);
}

// One life of a schedule under a clock that steps, restarts, commits that fail.
class Life {
 public:
  explicit Life(std::uint64_t seed)
      : random_(seed),
        policy_{static_cast<Missed>(pick(0, 2)), static_cast<Overlap>(pick(0, 2)),
                seconds{pick(0, 1) * pick(0, 20)}, seed},
        interval_(pick(1, 90)),
        stored_(first_position(now_)),
        planner_(every(interval_), policy_, stored_) {}

  void run() {
    for (int step = 0; step < 2'000 && !testing::Test::HasFailure(); ++step) {
      move_clock();
      if (pick(0, 99) == 0) planner_ = Planner(every(interval_), policy_, stored_);
      look();
    }
    settle_down();
  }

 private:
  std::int64_t pick(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(random_);
  }

  void move_clock() {
    const auto what = pick(0, 199);
    if (what == 0)
      now_ += seconds{pick(0, 100'000)};
    else if (what == 1)
      now_ -= seconds{pick(0, 100'000)};
    else if (what == 2)
      now_ += seconds{pick(0, 1) * 400'000};
    else
      now_ += seconds{pick(0, 3)};
  }

  void look() {
    const SlotProgress before = planner_.position();
    const Look look = planner_.look(now_, pick(0, 3) == 0, static_cast<std::size_t>(pick(1, 20)));
    const bool lost = !look.fire.empty() && pick(0, 9) == 0;  // the commit fails
    if (lost) return planner_.restore(before);
    for (const Slot slot : look.fire) {
      EXPECT_EQ((slot - kStart) % interval_, 0s);
      EXPECT_TRUE(fired_.insert(slot).second) << "twice: " << (slot - kStart).count();
    }
    if (look.changed) stored_ = decode_position(encode({"", planner_.position()}))->position;
    EXPECT_LE(planner_.position().decided.size(), SlotProgress::kMostRuns);
    EXPECT_LE(planner_.position().pending.size(), 2 * Policy::kMost + 64);
  }

  // With a clock that runs, beyond everything that was decided, each slot comes at its time.
  void settle_down() {
    now_ =
        std::max(now_, Slot{stored_.decided.empty() ? now_ : stored_.decided.back().last}) + 1'000s;
    while (planner_.due(now_)) look_whole();
    for (int i = 0; i < 20; ++i) {
      const auto next = planner_.next_slot();
      ASSERT_TRUE(next);
      now_ = std::max(now_, planner_.due_time(*next));
      while (planner_.due(now_)) look_whole();
      EXPECT_TRUE(fired_.contains(*next));
    }
  }
  void look_whole() {
    for (const Slot slot : planner_.look(now_, false, 10'000).fire)
      EXPECT_TRUE(fired_.insert(slot).second);
  }

  std::mt19937_64 random_;
  Policy policy_;
  seconds interval_;
  Slot now_ = kStart;
  SlotProgress stored_;
  Planner planner_;
  std::set<Slot> fired_;
};

TEST(Planner, NoSlotFiresTwiceWhateverHappens) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Life(seed).run();
    if (testing::Test::HasFailure()) return;
  }
}

// The same of a clock that never steps: each slot fires exactly once, across restarts and commits
// that fail.
TEST(Planner, AnHonestClockMissesNothing) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    std::mt19937_64 random(seed);
    Planner planner(every(7s), {.missed = Missed::all}, first_position(kStart));
    SlotProgress stored = planner.position();
    std::vector<Slot> fired;
    Slot now = kStart;
    for (int step = 0; step < 1'000; ++step) {
      now += seconds{random() % 30};
      const Look look = planner.look(now, false, 1 + random() % 5);
      if (random() % 10 == 0) {
        planner = Planner(every(7s), {.missed = Missed::all}, stored);
        continue;
      }
      fired.insert(fired.end(), look.fire.begin(), look.fire.end());
      stored = planner.position();
    }
    for (std::size_t i = 0; i < fired.size(); ++i)
      ASSERT_EQ(fired[i], slot_at(7 * (static_cast<std::int64_t>(i) + 1))) << "seed " << seed;
    EXPECT_GT(fired.size(), 1'500U);
  }
}

}  // namespace
}  // namespace pelton::schedule
