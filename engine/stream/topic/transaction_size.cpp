// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/transaction_size.h"

namespace pelton::stream {

// It shrinks only for one that took long: small ones tell little of the rate. It grows by no more
// than a factor of two at a time.
void TransactionSize::written(std::size_t bytes, Duration took) {
  const double in_time = static_cast<double>(bytes) * static_cast<double>(target_.count()) /
                         static_cast<double>(std::max<Duration::rep>(1, took.count()));
  const std::size_t doubled = std::min(most_, 2 * std::max(limit_, bytes));
  const std::size_t next =
      in_time < static_cast<double>(doubled) ? static_cast<std::size_t>(in_time) : doubled;
  limit_ = took > target_ ? next : std::max(limit_, next);
}

}  // namespace pelton::stream
