// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/records.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace pelton::dead_letters {

// A record of a dead-letter topic.
struct LetterPlace {
  PartitionId partition;
  std::uint32_t bytes = 0;  // key, value and headers
  Offset offset = 0;
  friend auto operator<=>(const LetterPlace&, const LetterPlace&) = default;
};

// Which letters a dead-letter topic holds, and where. Told of its records in the order of each
// partition; a letter that was written more than once (after a crash, when a replay failed) is one,
// and gone once each of its copies is. Holds at most `most` letters: those that come when it is
// full are not known, complete() is false from then on. A value: no I/O, one thread.
class DeadLetterIndex {
 public:
  explicit DeadLetterIndex(std::size_t most) : most_(most) {}

  void add(const model::DeadLetterId& id, LetterPlace at);
  // The copies of the letter in that partition, up to that offset, are gone; later ones stay.
  void remove(const model::DeadLetterId& id, LetterPlace up_to);
  // The topic's retention has dropped what is before `earliest`.
  void trim(PartitionId partition, Offset earliest);
  void clear();

  bool complete() const { return complete_; }
  std::size_t size() const { return letters_.size(); }
  // The newest copy in each partition that has one; none: no such letter.
  std::vector<LetterPlace> places(const model::DeadLetterId& id) const;
  // The binding's next letters in the order of ids, behind `after` when that is given: at least one
  // if there is one, and no more than fit into the limits.
  struct Limits {
    std::size_t letters = 0;
    std::uint64_t bytes = 0;  // of their records
  };
  struct Page {
    std::vector<model::DeadLetterId> ids;
    bool more = false;  // lie behind these
  };
  Page page(BindingId binding, std::optional<model::DeadLetterId> after, Limits limits) const;
  bool has(const model::DeadLetterId& id) const { return letters_.contains(id); }
  // How many there are of the binding, in one partition of its stream or in all.
  std::uint64_t count(BindingId binding, std::optional<PartitionId> partition) const;
  // How many there are of each binding.
  std::map<BindingId, std::uint64_t> counts() const { return counts_; }

 private:
  using DeadLetters = std::map<model::DeadLetterId, std::vector<LetterPlace>>;
  DeadLetters::iterator drop(DeadLetters::iterator at);

  const std::size_t most_;
  bool complete_ = true;
  DeadLetters letters_;
  std::map<BindingId, std::uint64_t> counts_;
};

}  // namespace pelton::dead_letters
