// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/embedded/embedded_appender.h"

#include <utility>

namespace pelton::stream {

Status EmbeddedAppender::append(model::BatchPtr batch, std::vector<model::LedgerWrite> position,
                                Done done, std::chrono::steady_clock::time_point deadline) {
  // Shared by the tries: the store takes the callback only when it takes the transaction.
  auto answer = std::make_shared<Done>(std::move(done));
  model::Transaction transaction = target_->append(batch);
  transaction.ledger = std::move(position);
  for (;;) {
    auto taken = store_.submit(std::move(transaction), store::Origin::outside,
                               [answer](Result<store::Committed> result) {
                                 (*answer)(result ? Status{} : std::unexpected(result.error()));
                               });
    if (taken || taken.error().kind != ErrorKind::overloaded) return taken;
    const bool held = store_.failed() || store_.disk_room() != store::DiskRoom::plenty;
    if (held || !store_.wait_for_room(deadline)) return taken;
  }
}

}  // namespace pelton::stream
