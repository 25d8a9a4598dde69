// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/dispatcher.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::dispatch {

// A batch of events written as words: "a b -": keys a and b, then an event without a key. "a:text"
// gives the data (default: its key and place in the batch, "a0").
model::BatchPtr batch_of(std::string_view words);

// A dispatcher with one worker and a clock. offer("a b") appends events to a partition, pull()
// shows the next frame as its keys and offsets "a0 b1".
class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest();

  // Set before the first use of the dispatcher.
  DispatcherOptions options;
  Dispatcher& dispatcher();
  // Ends it, before what the options refer to.
  void stop() { dispatcher_.reset(); }
  // A second life with what was stored.
  void restart();

  void offer(std::string_view words, std::uint32_t partition = 0);
  void offer_batch(const model::BatchPtr& batch, std::uint32_t partition = 0);
  // "" when there is none.
  std::string pull(std::uint64_t worker = 1);
  const model::Frame& frame() const { return frame_; }  // of the last pull
  static std::string text(const model::Frame& frame);

  // Results of a frame (default: the last pulled).
  static model::FrameResult all_done(const model::Frame& frame);
  static model::FrameResult outputs(const model::Frame& frame, std::string_view words,
                                    std::vector<std::uint32_t> parents);
  void finish(model::FrameResult result, std::optional<model::Frame> of = std::nullopt,
              std::uint64_t worker = 1);
  void done(std::optional<model::Frame> of = std::nullopt, std::uint64_t worker = 1);
  // Events of the frame at `indices` fail, the others are done.
  void fail(std::vector<std::uint32_t> indices,
            model::OutcomeCode code = model::OutcomeCode::retry);
  // As one letter an event: d(one), r(etry), f(ail), s(kipped), i(nfrastructure).
  void answer(std::string_view outcomes);
  Status refuse(model::FrameResult result);
  // Without blame, the worker was at the oldest of its frames, nobody knows at which event.
  void lose(std::uint64_t worker, std::optional<std::pair<FrameId, std::uint32_t>> blame = {},
            std::string cause = "crash");
  // It was at that frame, of whatever binding, nobody knows at which event.
  void lose_at(std::uint64_t worker, std::optional<FrameId> frame);
  // Worker 1 has not begun the events of the frame from `first` on.
  void give_back(const model::Frame& frame, std::uint32_t first);
  void pass(Duration time);
  bool replay(const model::DeadLetter& letter);

  // What was committed and is durable: everything, unless hold_commits() was called.
  void hold_commits() { held_ = true; }
  void release_commits();
  const std::vector<model::Transaction>& transactions() const { return written_; }
  std::size_t pending() const { return pending_.size(); }
  std::string cursor(std::uint32_t partition = 0) const;  // "3 5-7": cursor and completed ranges
  std::vector<std::string> letters() const;               // "0/3 reason"
  const model::DeadLetter& letter(std::size_t i) const { return letters_.at(i); }
  std::string stored_outputs(std::uint32_t partition = 0) const;  // data of outputs, in order
  PartitionCounts counts(std::uint32_t partition = 0) {
    return dispatcher().counts(PartitionId{partition});
  }

  WallTime now{std::chrono::hours(1000)};
  std::uint32_t partitions = 1;
  model::FrameLimits limits{1000, 1U << 30};

 private:
  model::WorkerLoss loss_of(std::uint64_t worker) const;
  void lose(std::uint64_t worker, const model::WorkerLoss& loss);
  void take_commits();
  void write(const model::Transaction& transaction);

  std::unique_ptr<Dispatcher> dispatcher_;
  std::map<std::uint32_t, std::vector<model::PlacedBatch>> stream_;
  std::map<std::uint32_t, Offset> end_;
  model::Frame frame_;
  struct Given {
    FrameId frame;
    std::size_t unanswered = 0;
  };
  std::map<std::uint64_t, std::vector<Given>> given_;  // by worker, oldest first
  Commits commits_;
  std::vector<Commit> pending_;
  bool held_ = false;
  std::vector<model::Transaction> written_;
  std::map<std::uint32_t, model::Progress> cursors_;
  std::map<std::pair<std::uint32_t, Offset>, model::RetryState> retries_;
  std::vector<model::DeadLetter> letters_;
  std::vector<model::CompletedKeys> keys_;
};

}  // namespace pelton::dispatch
