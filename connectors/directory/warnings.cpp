// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/warnings.h"

#include "engine/base/hash.h"

#include <fmt/format.h>

#include <utility>

namespace pelton::directory {

void Warnings::add(std::string_view code, std::string_view about, std::string_view sentence) {
  if (known_.size() >= kMaxKnown) known_.clear();
  if (!known_.insert(hash64(fmt::format("{} {}", code, about))).second) return;
  if (pending_.size() < kMaxPending)
    pending_.push_back(fmt::format("{}: {}", code, sentence));
  else
    ++left_out_;
}

std::vector<std::string> Warnings::take() {
  if (left_out_ > 0) pending_.push_back(fmt::format("... and {} more such warnings", left_out_));
  left_out_ = 0;
  return std::exchange(pending_, {});
}

}  // namespace pelton::directory
