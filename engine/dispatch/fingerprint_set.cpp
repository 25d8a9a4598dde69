// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/fingerprint_set.h"

#include <algorithm>
#include <utility>

namespace pelton::dispatch {
namespace {

constexpr Hash128 kFree{};
constexpr int kTableBits = 10;
// A table is between 68 and 82 percent full: 20 to 23.5 bytes a fingerprint.
constexpr std::size_t kMostUsedPercent = 82;
constexpr std::size_t kSmallestTable = 4;

// The one that stands for a free slot is stored as another.
Hash128 stored(Hash128 fingerprint) {
  return fingerprint == kFree ? Hash128{0, 1} : fingerprint;
}

std::size_t table_of(const Hash128& fingerprint) {
  return fingerprint.high >> (64 - kTableBits);
}

__extension__ using Wide = unsigned __int128;

// In the order of `low`, so that a table is copied into a larger one front to back.
std::size_t slot_of(const Hash128& fingerprint, std::size_t slots) {
  return static_cast<std::size_t>((static_cast<Wide>(fingerprint.low) * slots) >> 64);
}

}  // namespace

std::size_t FingerprintSet::find(const Table& table, const Hash128& fingerprint) {
  const std::size_t slots = table.slots.size();
  std::size_t at = slot_of(fingerprint, slots);
  while (table.slots[at] != fingerprint && table.slots[at] != kFree)
    at = at + 1 < slots ? at + 1 : 0;
  return at;
}

bool FingerprintSet::contains(Hash128 fingerprint) const {
  if (tables_.empty()) return false;
  fingerprint = stored(fingerprint);
  const Table& table = tables_[table_of(fingerprint)];
  return !table.slots.empty() && table.slots[find(table, fingerprint)] == fingerprint;
}

bool FingerprintSet::insert(Hash128 fingerprint) {
  static_assert(std::size_t{1} << kTableBits == kTables);
  if (tables_.empty()) {
    tables_.resize(kTables);
    bytes_ += kTables * sizeof(Table);
  }
  fingerprint = stored(fingerprint);
  Table& table = tables_[table_of(fingerprint)];
  if ((table.used + 1) * 100 > table.slots.size() * kMostUsedPercent) grow(table);
  Hash128& slot = table.slots[find(table, fingerprint)];
  if (slot == fingerprint) return false;
  slot = fingerprint;
  ++table.used;
  ++size_;
  return true;
}

void FingerprintSet::grow(Table& table) {
  const std::size_t before = table.slots.size();
  Table larger{std::vector<Hash128>(std::max(kSmallestTable, before + before / 5 + 1)), table.used};
  for (const Hash128& fingerprint : table.slots)
    if (fingerprint != kFree) larger.slots[find(larger, fingerprint)] = fingerprint;
  bytes_ += (larger.slots.size() - before) * sizeof(Hash128);
  table = std::move(larger);
}

bool FingerprintSet::shrink() {
  if (tables_.empty()) return false;
  bytes_ -= tables_.back().slots.size() * sizeof(Hash128) + sizeof(Table);
  tables_.pop_back();
  return true;
}

}  // namespace pelton::dispatch
