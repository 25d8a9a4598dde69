// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/shared.h"

#include <utility>

namespace pelton::dispatch {

Shared::Shared(DispatcherOptions settings)
    : options(std::move(settings)),
      index(options.idempotency ? std::make_unique<IdempotencyIndex>(*options.idempotency)
                                : nullptr),
      policy(options.delivery.retry, options.seed),
      breaker(options.delivery.breaker),
      rate(options.delivery.rate_limit),
      replays(options.memory),
      frames(model::first_frame_of(options.id)),
      commits(options.max_pending_bytes, options.memory) {}

std::string Shared::name_of(WorkerId worker) const {
  return fmt::format("{}-{}", options.function, worker.value);
}

model::Frame Shared::new_frame(PartitionId partition) const {
  model::Frame frame;
  frame.id = frames.next();
  frame.binding = options.binding;
  frame.stream = options.stream;
  frame.partition = partition;
  frame.order = options.delivery.order;
  frame.form = &options.form;
  return frame;
}

}  // namespace pelton::dispatch
