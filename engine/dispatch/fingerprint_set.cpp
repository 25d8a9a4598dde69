// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/fingerprint_set.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace pelton::dispatch {
namespace {

constexpr std::size_t kWidth = 32;  // lines of a block
// Between 68 and 85 percent of the slots are used: 19 to 23.6 bytes a fingerprint.
constexpr std::size_t kMostUsedPercent = 85;
constexpr std::size_t kGrowth = 4;  // by a part of so many

constexpr std::uint64_t kTagBits = 0xffff;

// Tag 0 is a free slot's: the fingerprints that have it are taken for others.
Hash128 with_tag(Hash128 fingerprint) {
  if ((fingerprint.high & kTagBits) == 0) fingerprint.high |= 1;
  return fingerprint;
}

std::uint16_t tag_of(const Hash128& fingerprint) {
  return static_cast<std::uint16_t>(fingerprint.high & kTagBits);
}

std::size_t table_of(const Hash128& fingerprint, std::size_t tables) {
  return fingerprint.high / (UINT64_MAX / tables + 1);
}

static_assert(std::endian::native == std::endian::little);
// Where the upper bytes of a fingerprint are in a slot, with two of the lower ones before them: two
// accesses of eight bytes each, for which the processor need not wait.
constexpr std::size_t kHighAt = 6;

void write(void* slot, const Hash128& fingerprint) {
  const std::uint64_t high = (fingerprint.high & ~kTagBits) | fingerprint.low >> 48;
  std::memcpy(slot, &fingerprint.low, sizeof fingerprint.low);
  std::memcpy(static_cast<char*>(slot) + kHighAt, &high, sizeof high);
}

Hash128 read(const void* slot, std::uint16_t tag) {
  Hash128 fingerprint;
  std::memcpy(&fingerprint.low, slot, sizeof fingerprint.low);
  std::memcpy(&fingerprint.high, static_cast<const char*>(slot) + kHighAt, sizeof fingerprint.high);
  fingerprint.high = (fingerprint.high & ~kTagBits) | tag;
  return fingerprint;
}

// Whether any of the numbers of a line is the tag. Of all 32 at once: the compiler makes vectors of
// it, and nothing has to be predicted.
template <typename Line>
bool may_have(const Line& line, std::uint16_t tag) {
  using Numbers [[gnu::vector_size(16)]] = std::uint16_t;
  using Words [[gnu::vector_size(16)]] = std::uint64_t;
  static_assert(sizeof(Line) == 4 * sizeof(Numbers));
  std::array<Numbers, 4> numbers;
  std::memcpy(numbers.data(), &line, sizeof line);
  const auto equal =
      (numbers[0] == tag) | (numbers[1] == tag) | (numbers[2] == tag) | (numbers[3] == tag);
  const auto words = reinterpret_cast<Words>(equal);
  return (words[0] | words[1]) != 0;
}

__extension__ using Wide = unsigned __int128;

}  // namespace

// In the order of `low`, so that a table is copied into a larger one front to back.
std::size_t FingerprintSet::Table::home(const Hash128& fingerprint) const {
  return static_cast<std::size_t>((static_cast<Wide>(fingerprint.low) * lines.size()) >> 64);
}

FingerprintSet::Slot& FingerprintSet::Table::slot(std::size_t line, std::size_t number) const {
  return blocks[line / kWidth][line % kWidth * kSlots + number];
}

std::uint64_t FingerprintSet::Table::bytes() const {
  return sizeof(Table) + lines.size() * (sizeof(Line) + kSlots * sizeof(Slot)) +
         blocks.size() * sizeof(blocks.front());
}

bool FingerprintSet::Table::contains(const Hash128& fingerprint) const {
  const std::uint16_t tag = tag_of(fingerprint);
  for (std::size_t at = home(fingerprint);; at = behind(at)) {
    const Line& line = lines[at];
    if (may_have(line, tag))
      for (std::size_t i = 0; i < line.used; ++i)
        if (line.tags[i] == tag && read(slot(at, i).data(), tag) == fingerprint) return true;
    if (line.used < kSlots) return false;
  }
}

void FingerprintSet::Table::put(const Hash128& fingerprint) {
  std::size_t at = home(fingerprint);
  while (lines[at].used == kSlots) at = behind(at);
  auto& block = blocks[at / kWidth];
  // The last one is not whole.
  if (!block)
    block = std::make_unique_for_overwrite<Slot[]>(
        kSlots * std::min(kWidth, lines.size() - at / kWidth * kWidth));
  Line& line = lines[at];
  write(slot(at, line.used).data(), fingerprint);
  line.tags[line.used++] = tag_of(fingerprint);
}

// Block by block: the memory of what was copied is used for what comes next.
void FingerprintSet::Table::put_all(Table& from) {
  for (std::size_t at = 0; at < from.lines.size(); ++at) {
    const Line& line = from.lines[at];
    for (std::size_t i = 0; i < line.used; ++i) put(read(from.slot(at, i).data(), line.tags[i]));
    if (at % kWidth == kWidth - 1) from.blocks[at / kWidth].reset();
  }
}

bool FingerprintSet::contains(const Hash128& fingerprint) const {
  if (tables_.empty()) return false;
  const Table& table = tables_[table_of(fingerprint, kTables)];
  return !table.lines.empty() && table.contains(with_tag(fingerprint));
}

void FingerprintSet::prefetch(const Hash128& fingerprint) const {
  if (tables_.empty()) return;
  const Table& table = tables_[table_of(fingerprint, kTables)];
  __builtin_prefetch(table.lines.data() + table.home(fingerprint), 1);
}

bool FingerprintSet::insert(const Hash128& given) {
  const Hash128 fingerprint = with_tag(given);
  if (tables_.empty()) {
    tables_.resize(kTables);
    bytes_ += kTables * sizeof(Table);
  }
  Table& table = tables_[table_of(fingerprint, kTables)];
  if (!table.lines.empty() && table.contains(fingerprint)) return false;
  if ((table.used + 1) * 100 > table.lines.size() * kSlots * kMostUsedPercent) grow(table);
  table.put(fingerprint);
  ++table.used;
  ++size_;
  return true;
}

void FingerprintSet::grow(Table& table) {
  Table larger;
  larger.used = table.used;
  larger.lines.resize(table.lines.size() + std::max<std::size_t>(1, table.lines.size() / kGrowth));
  larger.blocks.resize((larger.lines.size() + kWidth - 1) / kWidth);
  larger.put_all(table);
  bytes_ += larger.bytes() - table.bytes();
  table = std::move(larger);
}

bool FingerprintSet::shrink() {
  if (tables_.empty()) return false;
  bytes_ -= tables_.back().bytes();
  tables_.pop_back();
  return true;
}

}  // namespace pelton::dispatch
