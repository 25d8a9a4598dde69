// SPDX-License-Identifier: Apache-2.0
// Partitions that are assigned, drained, taken away and assigned again in any order, with results
// that come for frames of any time. A model counts along.
#include "engine/model/offset_ranges.h"
#include "tests/unit/dispatch/dispatcher_fixture.h"

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <utility>

namespace pelton::dispatch {
namespace {

constexpr std::uint32_t kPartitions = 3;
constexpr std::uint64_t kWorkers = 3;
constexpr int kSteps = 3000;

class Reassigned : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  struct Given {
    std::uint64_t worker = 0;
    PartitionId partition;
    std::uint32_t size = 0;
    std::uint32_t covered = 0;                                  // the worker has answered
    std::vector<std::pair<std::uint32_t, std::uint32_t>> held;  // of that, no outcome yet
    bool lost = false;
    std::uint32_t in_flight() const {
      std::uint32_t events = lost ? 0 : size - covered;
      for (const auto& part : held) events += part.second;
      return events;
    }
  };

  Reassigned() : random_(GetParam()), dispatcher_(options()) {
    for (std::uint32_t p = 0; p < kPartitions; ++p) assign(PartitionId{p});
  }
  static DispatcherOptions options() {
    DispatcherOptions options;
    options.id = BindingId{3};
    options.delivery.max_unsettled = 40;
    options.delivery.batch.events = 5;
    options.delivery.retry.attempts = 1'000'000;
    return options;
  }

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  PartitionId any() { return PartitionId{static_cast<std::uint32_t>(below(kPartitions))}; }
  bool assigned(PartitionId partition) const { return assigned_.contains(partition); }

  void assign(PartitionId partition) {
    dispatcher_.assign(partition, {stored_[partition], {}});
    assigned_.insert(partition);
  }
  void revoke(PartitionId partition) {
    dispatcher_.revoke(partition);
    assigned_.erase(partition);
    draining_.erase(partition);
    std::erase_if(open_, [&](const auto& frame) {
      if (frame.second.partition == partition) gone_.emplace_back(frame);
      return frame.second.partition == partition;
    });
  }
  void toggle(PartitionId partition) {
    if (!assigned(partition)) return assign(partition);
    if (below(2) == 0) return revoke(partition);
    dispatcher_.drain(partition);
    draining_.insert(partition);
  }
  void offer(PartitionId partition) {
    if (!assigned(partition)) return;
    const auto want = dispatcher_.wants(partition);
    if (draining_.contains(partition)) {
      EXPECT_EQ(want.events, 0U);
    }
    if (want.events > 0)
      dispatcher_.offer(partition, want.from, batch_of("a b c d a b -"), now_, commits_);
  }
  void pull() {
    const std::uint64_t worker = 1 + below(kWorkers);
    const auto frame = dispatcher_.pull(WorkerId{worker}, {5, 1U << 20}, now_, commits_);
    if (!frame) return;
    EXPECT_TRUE(assigned(frame->partition));
    EXPECT_FALSE(draining_.contains(frame->partition));
    open_[frame->id] = {
        worker, frame->partition, static_cast<std::uint32_t>(frame->batch->size()), 0, {}, false};
  }

  // The outcome of [first, first + count): some fail.
  model::FrameResult result(std::uint32_t first, std::uint32_t count) {
    model::FrameResult result;
    result.first = first;
    result.count = count;
    for (std::uint32_t i = first; i < first + count; ++i)
      if (below(8) == 0)
        result.not_done.push_back(
            {i, model::OutcomeCode::retry, "Trouble", "", "", std::nullopt, below(2) == 0});
    return result;
  }
  void answer() {
    if (open_.empty()) return;
    const auto at = std::next(open_.begin(), static_cast<std::ptrdiff_t>(below(open_.size())));
    Given& given = at->second;
    if (given.lost || given.covered == given.size) return;
    const std::uint32_t first = given.covered;
    const auto count = static_cast<std::uint32_t>(1 + below(given.size - first));
    model::FrameResult outcome = result(first, count);
    EXPECT_TRUE(dispatcher_.check(WorkerId{given.worker}, at->first, outcome));
    given.covered += count;
    if (below(2) == 0) {
      dispatcher_.hold(WorkerId{given.worker}, at->first, first, count);
      given.held.emplace_back(first, count);
      return;
    }
    finish(at->first, WorkerId{given.worker}, std::move(outcome));
  }
  void deliver() {
    for (auto& [id, given] : open_) {
      if (given.held.empty() || below(2) == 0) continue;
      const auto part = given.held[below(given.held.size())];
      std::erase(given.held, part);
      return finish(id, model::kHeld, result(part.first, part.second));
    }
  }
  void finish(FrameId id, WorkerId by, model::FrameResult&& outcome) {
    EXPECT_TRUE(dispatcher_.finished(by, id, std::move(outcome), now_, commits_));
    if (open_.at(id).in_flight() > 0) return;
    gone_.emplace_back(id, open_.at(id));
    open_.erase(id);
  }
  // The oldest that the worker has not answered.
  std::optional<FrameId> frame_of(std::uint64_t worker) const {
    for (const auto& [id, given] : open_)
      if (given.worker == worker && !given.lost && given.covered < given.size) return id;
    return std::nullopt;
  }
  void lose() {
    const std::uint64_t worker = 1 + below(kWorkers);
    dispatcher_.worker_lost(WorkerId{worker}, {"w", "crash", "", "", frame_of(worker), {}}, now_,
                            commits_);
    for (auto& [id, given] : open_)
      if (given.worker == worker) given.lost = true;
    std::erase_if(open_, [](const auto& frame) { return frame.second.in_flight() == 0; });
  }
  // For a frame that is over, or whose partition was taken away meanwhile.
  void answer_late() {
    if (gone_.empty()) return;
    const auto& [id, given] = gone_[below(gone_.size())];
    const WorkerId by = below(2) == 0 ? model::kHeld : WorkerId{given.worker};
    const std::uint64_t before = dispatcher_.totals().late_results;
    const std::size_t commits = commits_.size();
    const Status checked = dispatcher_.check(by, id, result(0, given.size));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().kind, ErrorKind::cancelled);
    EXPECT_TRUE(dispatcher_.finished(by, id, result(0, given.size), now_, commits_));
    EXPECT_EQ(dispatcher_.totals().late_results, before + 1);
    EXPECT_EQ(commits_.size(), commits);
  }
  void confirm() {
    for (Commit& commit : std::exchange(commits_, {})) pending_.push_back(std::move(commit));
    for (std::uint64_t n = below(4); n > 0 && !pending_.empty(); --n) {
      // Of whatever assignment it is: what it settles stays settled.
      for (const auto& update : pending_.front().transaction.progress) {
        model::OffsetRanges settled(stored_[update.at.partition]);
        model::apply(update, settled);
        stored_[update.at.partition] = settled.stored();
      }
      dispatcher_.committed(pending_.front().token);
      pending_.pop_front();
    }
  }
  bool pending(PartitionId partition) const {
    return std::ranges::any_of(pending_, [&](const Commit& commit) {
      const auto names = [&](const auto& update) { return update.at.partition == partition; };
      return std::ranges::any_of(commit.transaction.progress, names) ||
             std::ranges::any_of(commit.transaction.retries, names);
    });
  }

  void step() {
    switch (below(12)) {
      case 0:
        return toggle(any());
      case 1:
        return lose();
      case 2:
        return answer_late();
      case 3:
        now_ += std::chrono::milliseconds(below(2000));
        return dispatcher_.on_timer(now_, commits_);
      case 4:
      case 5:
        return offer(any());
      case 6:
        return deliver();
      case 7:
      case 8:
        return answer();
      default:
        return pull();
    }
  }
  void compare() {
    std::map<PartitionId, std::uint64_t> flying;
    std::uint64_t all = 0;
    for (const auto& [id, given] : open_) {
      flying[given.partition] += given.in_flight();
      all += given.in_flight();
    }
    ASSERT_EQ(dispatcher_.in_flight(), all);
    for (std::uint32_t p = 0; p < kPartitions; ++p) {
      const PartitionId partition{p};
      ASSERT_EQ(dispatcher_.counts(partition).in_flight, flying[partition]);
      ASSERT_EQ(dispatcher_.idle(partition), flying[partition] == 0 && !pending(partition));
      ASSERT_LE(dispatcher_.counts(partition).unsettled, options().delivery.max_unsettled);
    }
  }

 private:
  std::mt19937_64 random_;
  Dispatcher dispatcher_;
  WallTime now_{std::chrono::hours(1000)};
  Commits commits_;
  std::deque<Commit> pending_;
  std::map<PartitionId, model::Progress> stored_;
  std::set<PartitionId> assigned_, draining_;
  std::map<FrameId, Given> open_;
  std::vector<std::pair<FrameId, Given>> gone_;
};

TEST_P(Reassigned, CountsWhatIsOpenAndDropsWhatIsLate) {
  for (int i = 0; i < kSteps; ++i) {
    step();
    confirm();
    compare();
    if (HasFailure()) FAIL() << "step " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Reassigned, ::testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace pelton::dispatch
