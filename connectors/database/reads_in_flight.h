// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/source.h"

#include <deque>
#include <optional>
#include <utility>

namespace pelton::database {

// What a source of changes has read and what is not settled yet, by the places before and behind
// each read. One thread.
template <typename Place>
class ReadsInFlight {
 public:
  bool empty() const { return reads_.empty(); }
  void add(connector::AckToken token, Place before, Place after) {
    reads_.push_back({token, std::move(before), std::move(after)});
  }
  // The place that is durable now. Nothing: the read is not the oldest one, or was not stored, or
  // follows one that was not.
  std::optional<Place> settle(connector::AckToken token, connector::Settlement how) {
    if (reads_.empty() || reads_.front().token != token) return std::nullopt;
    Read settled = std::move(reads_.front());
    reads_.pop_front();
    if (how == connector::Settlement::retry_later && !rewind_to_)
      rewind_to_ = std::move(settled.before);
    if (rewind_to_) return std::nullopt;
    return std::move(settled.after);
  }
  // The connection is gone.
  void clear() { reads_.clear(); }

  // What was read behind it was not stored, although the ledger may say so. Stays until rewound().
  const std::optional<Place>& rewind_to() const { return rewind_to_; }
  void rewound() { rewind_to_.reset(); }

 private:
  struct Read {
    connector::AckToken token;
    Place before, after;
  };
  std::deque<Read> reads_;
  std::optional<Place> rewind_to_;
};

}  // namespace pelton::database
