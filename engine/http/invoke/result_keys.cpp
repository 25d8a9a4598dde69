// SPDX-License-Identifier: Apache-2.0
#include "engine/http/invoke/result_keys.h"

namespace pelton::http {
namespace {

// A slot of the table, with its byte of the hash.
constexpr std::uint64_t kSlot = sizeof(std::uint32_t) + 1;

}  // namespace

const ResultKey* ResultKeys::find(const Hash128& key) const {
  const auto number = numbers_.find(key);
  return number == numbers_.end() ? nullptr : &at(*number);
}

void ResultKeys::put(const ResultKey& result) {
  if (const auto earlier = numbers_.find(result.key); earlier != numbers_.end())
    numbers_.erase(earlier);
  stored_.push_back(result);
  numbers_.insert(first_ + static_cast<std::uint32_t>(stored_.size() - 1));
}

void ResultKeys::expire(std::int64_t time_us) {
  for (; !stored_.empty() && stored_.front().time_us <= time_us; stored_.pop_front(), ++first_) {
    const auto number = numbers_.find(stored_.front().key);
    if (number != numbers_.end() && *number == first_) numbers_.erase(number);
  }
}

std::uint64_t ResultKeys::bytes() const {
  return stored_.size() * sizeof(ResultKey) + numbers_.bucket_count() * kSlot;
}

}  // namespace pelton::http
