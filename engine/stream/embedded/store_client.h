// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/store.h"
#include "engine/thread/mailbox.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>

namespace pelton::stream {

// One binding's way to the store: transactions in order, answers back on the shard. Shard-confined;
// outlives the store's callbacks (the engine closes the store first).
class StoreClient {
 public:
  StoreClient(store::Store& store, thread::Mailbox& mailbox) : store_(store), mailbox_(mailbox) {}

  // `done` is called on the shard, in the order of the calls.
  void submit(model::Transaction&& transaction, std::function<void(Status)> done);
  // The binding is this connector, a sink: its ledger is told of moves.
  void tell_moves(std::string sink) { sink_ = std::move(sink); }
  // Calls `then` once everything submitted so far is answered; at once when it is.
  void after_all(std::function<void()> then);
  // Behind everything submitted so far: the cursor is at `offset`, nothing beyond it waits for a
  // retry. Nothing is settled there either; `pass_over`: if the move is forward, what is settled
  // beyond stays so. The answer is where the binding stands then.
  void move(BindingId binding, model::StreamPartition at, Offset offset, bool pass_over,
            std::function<void(Result<model::Progress>)> done);
  store::Store& store() { return store_; }

 private:
  void answered(const std::function<void(Status)>& done, Status status);
  Status tell_move(PartitionId partition, model::Transaction& transaction);

  std::string sink_;  // empty: the binding is none
  store::Store& store_;
  thread::Mailbox& mailbox_;
  std::uint64_t submitted_ = 0;
  std::uint64_t answered_ = 0;
  std::deque<std::pair<std::uint64_t, std::function<void()>>> waiting_;  // behind which submission
};

// Names nodes and epochs so that no other ever has the same.
std::uint64_t random_number();

// What forgetting the retries of a partition takes, added to `transaction`.
Status forget_retries(store::Store& store, BindingId binding, model::StreamPartition at,
                      model::Transaction& transaction);

}  // namespace pelton::stream
