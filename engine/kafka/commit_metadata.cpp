// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/commit_metadata.h"

#include "engine/base/hash.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace pelton::kafka {
namespace {

// "pelton1:" node ":" epoch ":" ranges ":" check, numbers in hexadecimal. Ranges are the gap since
// the end of the one before (the offset for the first) and the length, each as digits of base 64
// with 5 bits a digit, the sixth saying that more follow: no separators, no binary.
constexpr std::string_view kPrefix = "pelton1:";
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kCheckDigits = 17;  // ":" and 16 digits

void put_number(std::string& out, std::uint64_t value) {
  while (value >= 32) {
    out += kDigits[32 + (value & 31)];
    value >>= 5;
  }
  out += kDigits[value];
}

bool take_number(std::string_view& text, std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !text.empty(); shift += 5) {
    const auto digit = kDigits.find(text.front());
    if (digit == std::string_view::npos) return false;
    text.remove_prefix(1);
    value |= static_cast<std::uint64_t>(digit & 31) << shift;
    if (digit < 32) return true;
  }
  return false;
}

std::string hex(std::uint64_t value) {
  char text[17];
  const auto [end, error] = std::to_chars(text, text + 16, value, 16);
  return std::string(16 - static_cast<std::size_t>(end - text), '0') + std::string(text, end);
}

bool take_hex(std::string_view& text, std::uint64_t& value) {
  if (text.size() < 17 || text[16] != ':') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 16, value, 16);
  if (error != std::errc{} || end != text.data() + 16) return false;
  text.remove_prefix(17);
  return true;
}

}  // namespace

EncodedMetadata encode(const CommitMetadata& metadata, Offset offset, std::size_t most) {
  EncodedMetadata out;
  out.text = std::string(kPrefix) + hex(metadata.node) + ":" + hex(metadata.epoch) + ":";
  Offset last = offset;
  std::string one;
  for (const OffsetRange& range : metadata.completed) {
    one.clear();
    put_number(one, static_cast<std::uint64_t>(range.begin - last));
    put_number(one, static_cast<std::uint64_t>(range.end - range.begin));
    if (out.text.size() + one.size() + kCheckDigits > most) break;
    out.text += one;
    last = range.end;
    ++out.ranges;
  }
  out.text += ":" + hex(hash64(out.text));
  return out;
}

std::optional<CommitMetadata> decode(std::string_view text, Offset offset) {
  if (!text.starts_with(kPrefix) || text.size() < kPrefix.size() + kCheckDigits)
    return std::nullopt;
  const std::string_view check = text.substr(text.size() - 16);
  std::string_view rest = text.substr(0, text.size() - kCheckDigits);
  if (text[text.size() - kCheckDigits] != ':' || check != hex(hash64(rest))) return std::nullopt;
  rest.remove_prefix(kPrefix.size());
  CommitMetadata metadata;
  if (!take_hex(rest, metadata.node) || !take_hex(rest, metadata.epoch)) return std::nullopt;
  Offset last = offset;
  while (!rest.empty()) {
    std::uint64_t gap = 0;
    std::uint64_t length = 0;
    if (!take_number(rest, gap) || !take_number(rest, length)) return std::nullopt;
    const auto room = static_cast<std::uint64_t>(INT64_MAX - last);
    if (gap == 0 || length == 0 || gap > room || length > room - gap) return std::nullopt;
    const Offset begin = last + static_cast<Offset>(gap);
    last = begin + static_cast<Offset>(length);
    metadata.completed.push_back({begin, last});
  }
  return metadata;
}

}  // namespace pelton::kafka
