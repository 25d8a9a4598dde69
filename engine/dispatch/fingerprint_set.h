// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/hash.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace pelton::dispatch {

// Value. A set of fingerprints (uniformly distributed, as hash128 gives them) that only grows: at
// most 24 bytes each once there are some fifty thousand.
//
// A set of 100 million is 2 GB, so what counts is how many cache lines and pages an operation waits
// for. A line of tags, 16 bits of each fingerprint, stands for the slots of 31: what is not there
// is found out by that line, which prefetch() can fetch ahead, and an insertion only writes to a
// second one.
//
// It consists of many small tables, each of which grows by a quarter at a time and whose slots are
// in blocks that are used again, so that neither the time of one insertion nor the memory depends
// on how large the whole is.
class FingerprintSet {
 public:
  // False: it is there already.
  bool insert(const Hash128& fingerprint);
  bool contains(const Hash128& fingerprint) const;
  // Begins to load what contains() and insert() will look at. Worth it for many that are looked up
  // soon after.
  void prefetch(const Hash128& fingerprint) const;
  std::uint64_t size() const { return size_; }
  // What the tables take.
  std::uint64_t bytes() const { return bytes_; }
  // Gives the memory of one table back. False: there is none left. Nothing else may be called
  // afterwards but this and size().
  bool shrink();

 private:
  static constexpr std::size_t kTables = 512;
  static constexpr std::size_t kSlots = 31;  // of a line

  struct alignas(64) Line {
    std::uint16_t used = 0;
    std::array<std::uint16_t, kSlots> tags{};
  };
  // What the tag does not say of a fingerprint.
  using Slot = std::array<std::uint16_t, 7>;
  struct Table {
    std::vector<Line> lines;
    std::vector<std::unique_ptr<Slot[]>> blocks;  // the slots of some lines each
    std::size_t used = 0;

    std::size_t home(const Hash128& fingerprint) const;
    std::size_t behind(std::size_t line) const { return line + 1 < lines.size() ? line + 1 : 0; }
    Slot& slot(std::size_t line, std::size_t number) const;
    std::uint64_t bytes() const;
    bool contains(const Hash128& fingerprint) const;
    // The fingerprint is not there.
    void put(const Hash128& fingerprint);
    void put_all(Table& from);
  };

  void grow(Table& table);

  std::vector<Table> tables_;  // made with the first fingerprint
  std::uint64_t size_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace pelton::dispatch
