// SPDX-License-Identifier: Apache-2.0
#include "engine/model/claimed_batch.h"

#include "engine/base/ensure.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

namespace pelton::model {
namespace {

constexpr std::array kPrecedence{MemoryUse::unsettled, MemoryUse::read_ahead, MemoryUse::kafka,
                                 MemoryUse::tail};
// A batch counts its holders for each of these uses in so many bits, the first use lowest.
constexpr int kBits = 16;

std::uint64_t one(MemoryUse use) {
  const auto* const at = std::ranges::find(kPrecedence, use);
  ENSURE(at != kPrecedence.end(), "batches are not claimed for {}", to_string(use));
  return std::uint64_t{1} << (kBits * (at - kPrecedence.begin()));
}

// Which use pays; there are holders.
MemoryUse payer(std::uint64_t holders) {
  return kPrecedence[static_cast<std::size_t>(std::countr_zero(holders) / kBits)];
}

}  // namespace

ClaimedBatch::ClaimedBatch(BatchPtr batch, MemoryBudget* budget, MemoryUse use)
    : batch_(std::move(batch)), budget_(budget), use_(use) {
  if (budget_ != nullptr && batch_) add(one(use_));
}

void ClaimedBatch::reset() {
  if (budget_ != nullptr && batch_) add(-one(use_));
  batch_.reset();
}

void ClaimedBatch::add(std::uint64_t holders) const {
  const std::uint64_t before = batch_->holders_.fetch_add(holders);
  const std::uint64_t after = before + holders;
  if (before != 0 && after != 0 && payer(before) == payer(after)) return;
  if (after != 0) budget_->claim(payer(after), batch_->memory());
  if (before != 0) budget_->give_back(payer(before), batch_->memory());
}

}  // namespace pelton::model
