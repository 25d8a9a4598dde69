// SPDX-License-Identifier: Apache-2.0
// How the batches of a transaction are encoded before they are written.
#include "engine/kafka/produce/transactional_producer_impl.h"

#include <utility>

namespace pelton::kafka {

// False: we are ending.
bool TransactionalProducer::Impl::schema_ready() {
  while (!encoder_->ready()) {
    if (stopping()) return false;
    if (!encoder_->why().empty()) trouble_.say(encoder_->why());
    pause();
  }
  trouble_.over();
  return true;
}

void TransactionalProducer::Impl::encode_and_write(std::vector<model::BatchPtr> batches,
                                                   Written& done) {
  if (!encoder_) return write(batches, done);
  if (!schema_ready()) return;
  Wrote wrote;
  bool fit = true;
  for (model::BatchPtr& batch : batches) {
    auto encoded = encoder_->encode(*batch);
    batch = std::move(encoded.batch);
    fit = fit && encoded.unfit.empty();
    wrote.refused.push_back(std::move(encoded.unfit));
  }
  if (!fit) return done(std::move(wrote));
  write(batches, done);
}

}  // namespace pelton::kafka
