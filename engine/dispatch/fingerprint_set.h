// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/hash.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pelton::dispatch {

// Value. A set of fingerprints (uniformly distributed, as hash128 gives them) that only grows: at
// most 24 bytes each once there are some ten thousand. It consists of many small tables, each of
// which grows by a fifth at a time, so that neither the time of one insertion nor the memory
// depends on how large the whole is.
class FingerprintSet {
 public:
  // False: it is there already.
  bool insert(Hash128 fingerprint);
  bool contains(Hash128 fingerprint) const;
  std::uint64_t size() const { return size_; }
  // What the tables take.
  std::uint64_t bytes() const { return bytes_; }
  // Gives the memory of one table back. False: there is none left. Nothing else may be called
  // afterwards but this and size().
  bool shrink();

 private:
  struct Table {
    std::vector<Hash128> slots;  // {0, 0}: free
    std::size_t used = 0;
  };
  static constexpr std::size_t kTables = 1024;

  // Where the fingerprint is, or would be put. The table has a free slot.
  static std::size_t find(const Table& table, const Hash128& fingerprint);
  void grow(Table& table);

  std::vector<Table> tables_;  // made with the first fingerprint
  std::uint64_t size_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace pelton::dispatch
