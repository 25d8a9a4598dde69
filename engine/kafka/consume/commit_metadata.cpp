// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/commit_metadata.h"

#include "engine/base/hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

namespace pelton::kafka {
namespace {

// "pelton2:" node ":" epoch ":" place ":" topic ":" partitions ":" ranges [";" tried] ":" check.
// Place is a hash of the cluster, topic, partition and offset that the text belongs to, topic one
// of the topic's id (0: not known). Ranges are the gap since the end of the one before (the offset
// for the first) and the length, each as digits of base 64 with 5 bits a digit, the sixth saying
// that more follow (partitions likewise): no separators, no binary. Where that is too long, "*" and
// a map: 6 offsets a digit, from the committed one on, the lowest bit first, so that a window of
// 10,000 fits whatever its pattern. Tried are numbers of the same kind: a time, and for each event
// the gap since the one before (the offset for the first), its attempts, its kills, when its first
// attempt ended since that time and when the next is due since then.
constexpr std::string_view kVersionPrefix = "pelton2:";
constexpr char kMap = '*';
constexpr char kTried = ';';
constexpr Offset kMapBits = 6;
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kCheckDigits = 17;  // ":" and 16 digits
// Below this, hardly a range fits: no text at all is as good.
constexpr std::size_t kLeastRoom = 120;

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

// The ranges from the first on, as many as `room` holds; their number goes to `count`.
std::string as_pairs(const std::vector<OffsetRange>& ranges, Offset offset, std::size_t room,
                     std::size_t& count) {
  std::string out;
  std::string one;
  for (const OffsetRange& range : ranges) {
    one.clear();
    put_number(one, static_cast<std::uint64_t>(range.begin - offset));
    put_number(one, static_cast<std::uint64_t>(range.end - range.begin));
    if (out.size() + one.size() > room) break;
    out += one;
    offset = range.end;
    ++count;
  }
  return out;
}

// Nothing when it would not fit.
std::optional<std::string> as_map(const std::vector<OffsetRange>& ranges, Offset offset,
                                  std::size_t room) {
  const auto span = static_cast<std::uint64_t>(ranges.back().end - offset);
  const std::uint64_t digits = (span + kMapBits - 1) / kMapBits;
  if (digits + 1 > room) return std::nullopt;
  std::vector<std::uint8_t> bits(digits, 0);
  for (const OffsetRange& range : ranges)
    for (Offset at = range.begin - offset; at < range.end - offset; ++at)
      bits[static_cast<std::size_t>(at / kMapBits)] |=
          static_cast<std::uint8_t>(1U << (at % kMapBits));
  std::string out(1, kMap);
  for (const std::uint8_t digit : bits) out += kDigits[digit];
  return out;
}

bool take_pairs(std::string_view text, Offset offset, std::vector<OffsetRange>& ranges) {
  while (!text.empty()) {
    std::uint64_t gap = 0;
    std::uint64_t length = 0;
    if (!take_number(text, gap) || !take_number(text, length)) return false;
    const auto room = static_cast<std::uint64_t>(INT64_MAX - offset);
    if (gap == 0 || length == 0 || gap > room || length > room - gap) return false;
    const Offset begin = offset + static_cast<Offset>(gap);
    offset = begin + static_cast<Offset>(length);
    ranges.push_back({begin, offset});
  }
  return true;
}

bool take_map(std::string_view text, Offset offset, std::vector<OffsetRange>& ranges) {
  if (offset > INT64_MAX - static_cast<Offset>(text.size()) * kMapBits) return false;
  for (const char c : text) {
    const auto digit = kDigits.find(c);
    if (digit == std::string_view::npos) return false;
    for (Offset bit = 0; bit < kMapBits; ++bit, ++offset) {
      if ((digit >> bit & 1U) == 0) continue;
      if (ranges.empty() || ranges.back().end != offset) ranges.push_back({offset, offset});
      ++ranges.back().end;
    }
  }
  return true;
}

std::uint64_t ms_between(WallTime from, WallTime to) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(to - from).count();
  return ms > 0 ? static_cast<std::uint64_t>(ms) : 0;
}

// The lowest that `room` holds, with what leads them; their number goes to `count`.
std::string as_tried(const std::vector<TriedEvent>& tried, Offset offset, std::size_t room,
                     std::size_t& count) {
  if (tried.empty()) return {};
  const WallTime since = std::ranges::min(tried, {}, &TriedEvent::first).first;
  std::string out(1, kTried);
  put_number(out, ms_between(WallTime{}, since));
  std::string one;
  for (const TriedEvent& event : tried) {
    one.clear();
    put_number(one, static_cast<std::uint64_t>(event.offset - offset));
    put_number(one, event.attempts);
    put_number(one, event.worker_kills);
    put_number(one, ms_between(since, event.first));
    put_number(one, ms_between(event.first, event.next));
    if (out.size() + one.size() > room) break;
    out += one;
    offset = event.offset;
    ++count;
  }
  return count > 0 ? out : std::string();
}

// Milliseconds from times that are nobody's: within some thousand years of 1970.
constexpr std::uint64_t kMostMs = 1ULL << 47;

bool take_ms(std::string_view& text, WallTime since, WallTime& time) {
  std::uint64_t ms = 0;
  if (!take_number(text, ms) || ms > kMostMs) return false;
  time = since + std::chrono::milliseconds(static_cast<std::int64_t>(ms));
  return true;
}

bool take_event(std::string_view& text, WallTime since, Offset offset, TriedEvent& event) {
  std::uint64_t gap = 0, attempts = 0, kills = 0;
  if (!take_number(text, gap) || !take_number(text, attempts) || !take_number(text, kills))
    return false;
  if (gap > static_cast<std::uint64_t>(INT64_MAX - offset) || attempts > UINT32_MAX ||
      kills > attempts)
    return false;
  event.offset = offset + static_cast<Offset>(gap);
  event.attempts = static_cast<std::uint32_t>(attempts);
  event.worker_kills = static_cast<std::uint32_t>(kills);
  return take_ms(text, since, event.first) && take_ms(text, event.first, event.next);
}

bool take_tried(std::string_view text, Offset offset, std::vector<TriedEvent>& tried) {
  WallTime since{};
  if (!take_ms(text, WallTime{}, since)) return false;
  while (!text.empty()) {
    TriedEvent event;
    if (!take_event(text, since, offset, event)) return false;
    if (!tried.empty() && event.offset == offset) return false;
    offset = event.offset;
    tried.push_back(event);
  }
  return true;
}

// A topic has no colon in its name.
std::uint64_t hash_of(const CommitPlace& place) {
  std::string text(place.cluster);
  text += fmt::format(":{}:{}:{}", place.topic, place.partition.value, place.offset);
  return hash64(text);
}

std::uint64_t topic_hash(const CommitPlace& place) {
  return place.topic_id.empty() ? 0 : hash64(place.topic_id);
}

}  // namespace

EncodedMetadata encode(const CommitMetadata& metadata, const CommitPlace& place, std::size_t most) {
  EncodedMetadata out;
  out.text = std::string(kVersionPrefix) + hex(metadata.node) + ":" + hex(metadata.epoch) + ":" +
             hex(hash_of(place)) + ":" + hex(topic_hash(place)) + ":";
  put_number(out.text, metadata.original_partitions);
  out.text += ":";
  const std::size_t least = out.text.size() + kCheckDigits;
  if (least > most) return {};
  const std::size_t room = most - least;
  const std::string pairs = as_pairs(metadata.completed, place.offset, room, out.ranges);
  const auto map = out.ranges < metadata.completed.size()
                       ? as_map(metadata.completed, place.offset, room)
                       : std::nullopt;
  if (map) out.ranges = metadata.completed.size();
  const std::string& ranges = map ? *map : pairs;
  out.text += ranges;
  out.text += as_tried(metadata.tried, place.offset, room - ranges.size(), out.tried);
  out.text += ":" + hex(hash64(out.text));
  return out;
}

DecodedMetadata decode(std::string_view text, const CommitPlace& place) {
  if (!text.starts_with(kVersionPrefix) || text.size() < kVersionPrefix.size() + kCheckDigits)
    return {};
  const std::string_view check = text.substr(text.size() - 16);
  std::string_view rest = text.substr(0, text.size() - kCheckDigits);
  if (text[text.size() - kCheckDigits] != ':' || check != hex(hash64(rest))) return {};
  rest.remove_prefix(kVersionPrefix.size());
  CommitMetadata metadata;
  std::uint64_t of = 0;
  std::uint64_t topic = 0;
  std::uint64_t partitions = 0;
  if (!take_hex(rest, metadata.node) || !take_hex(rest, metadata.epoch) || !take_hex(rest, of) ||
      !take_hex(rest, topic) || !take_number(rest, partitions) || !rest.starts_with(':'))
    return {};
  if (of != hash_of(place)) return {.elsewhere = true};
  if (topic != 0 && !place.topic_id.empty() && topic != topic_hash(place)) return {.deleted = true};
  rest.remove_prefix(1);
  metadata.original_partitions = static_cast<std::uint32_t>(partitions);
  if (const auto tried = rest.find(kTried); tried != std::string_view::npos) {
    if (!take_tried(rest.substr(tried + 1), place.offset, metadata.tried)) return {};
    rest = rest.substr(0, tried);
  }
  const bool map = rest.starts_with(kMap);
  if (map) rest.remove_prefix(1);
  if (!(map ? take_map : take_pairs)(rest, place.offset, metadata.completed)) return {};
  return {.metadata = std::move(metadata)};
}

void MetadataCodec::learn(std::string cluster, std::string topic_id,
                          std::uint32_t original_partitions) {
  cluster_ = std::move(cluster);
  topic_id_ = std::move(topic_id);
  original_partitions_ = original_partitions;
}

EncodedMetadata MetadataCodec::encode(PartitionId partition, Offset offset,
                                      CommitMetadata metadata) const {
  metadata.original_partitions = original_partitions_;
  return kafka::encode(metadata, {cluster_, topic_, partition, offset, topic_id_}, room_);
}

DecodedMetadata MetadataCodec::decode(PartitionId partition, Offset offset,
                                      std::string_view text) const {
  return kafka::decode(text, {cluster_, topic_, partition, offset, topic_id_});
}

bool MetadataCodec::halve() {
  if (room_ == 0) return false;
  room_ = room_ / 2 < kLeastRoom ? 0 : room_ / 2;
  return true;
}

}  // namespace pelton::kafka
