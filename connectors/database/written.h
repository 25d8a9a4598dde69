// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/target.h"
#include "engine/connector/sink.h"
#include "engine/model/offset_ranges.h"

#include <cstdint>
#include <string>

namespace pelton::database {

// Which events of one place a table has already. Begins with what the database knows, and becomes
// what it is to know with the transaction at hand.
class Written {
 public:
  // `moved`: the newest move that the engine knows. E7243 invalid: the progress is not of ours.
  static Result<Written> from(const Progress& stored, std::int64_t moved,
                              const connector::SinkPosition& position);

  // Of event i; the event of a dead letter is the only one of its place.
  bool has(const model::Batch& batch, std::size_t i) const;
  void add(const model::Batch& batch, std::size_t i);
  // An event that comes again although the engine has said that it is settled: somebody has moved
  // the position back behind our back, or another engine has taken the partition over.
  bool behind(const model::Batch& batch, std::size_t i) const;

  Progress progress() const;

 private:
  Offset offset(const model::Batch& batch, std::size_t i) const;

  bool letter_ = false;
  Offset base_ = 0;
  std::int64_t moved_ = 0;
  Offset known_settled_ = 0;
  Offset settled_ = 0;
  model::OffsetRanges ranges_;
};

// Under which name the database keeps it; `group` is the sink's.
std::string place_of(const connector::SinkPosition& position, const std::string& group);

}  // namespace pelton::database
