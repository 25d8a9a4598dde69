// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dead_letters/dead_letter_forwarder.h"
#include "engine/model/records.h"
#include "engine/stream/embedded/store_client.h"
#include "engine/stream/input.h"
#include "engine/stream/topic/group_progress.h"

#include <functional>
#include <map>
#include <memory>

namespace pelton::stream {

// The way of what a binding settles: dead letters to their topic, if they have one; everything but
// plain progress to the store; then it may be committed, and once the brokers have that, whoever
// settled it is told. Shard-confined.
class Settlements {
 public:
  // `stored`: after each settlement that the store has; whether a commit is due. All live longer.
  Settlements(BindingId binding, StreamId stream, StoreClient& store, GroupProgress& progress,
              std::function<void(bool due)> stored)
      : binding_(binding),
        stream_(stream),
        store_(store),
        progress_(progress),
        stored_(std::move(stored)) {}
  ~Settlements() {
    if (letters_) letters_->abandon();
  }
  Settlements(const Settlements&) = delete;
  Settlements& operator=(const Settlements&) = delete;

  // ---- before the first settle()
  // Dead letters go there, not to the store.
  void keep_letters(std::shared_ptr<dead_letters::DeadLetterForwarder> letters) {
    letters_ = std::move(letters);
    letters_->read_histories(
        [this](std::function<void()> then) { store_.after_all(std::move(then)); });
  }
  // Offsets are committed in transactions, which may be undone: the store keeps only the progress
  // that is durable whatever becomes of them.
  void store_only_buried() { only_buried_ = true; }

  // See Input::settle().
  void settle(model::Transaction&& transaction, Input::Done done);
  // `done` comes when the settlement of that number, which is stored, is complete.
  void expect(std::uint64_t number, Input::Done done) { unanswered_[number] = std::move(done); }
  // Calls `then` once what was settled so far has its dead letters in their topic.
  void after_letters(std::function<void()> then);
  // ... and is in the store and in the positions to commit.
  void after_stored(std::function<void()> then);
  // Tells, in order, of every settlement that is complete.
  void complete();

  // Null: dead letters are the store's.
  const dead_letters::DeadLetterForwarder* letters() const { return letters_.get(); }

 private:
  void write(std::uint64_t number, model::Transaction&& transaction);
  void stored(std::uint64_t number);
  void keep_buried(model::Transaction& transaction);

  const BindingId binding_;
  const StreamId stream_;
  StoreClient& store_;
  GroupProgress& progress_;
  const std::function<void(bool)> stored_;
  // Shared with what it waits for.
  std::shared_ptr<dead_letters::DeadLetterForwarder> letters_;
  bool only_buried_ = false;
  std::map<std::uint64_t, Input::Done> unanswered_;  // by settlement
};

}  // namespace pelton::stream
