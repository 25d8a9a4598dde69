// SPDX-License-Identifier: Apache-2.0
#include "engine/store/log_record.h"

#include "engine/base/crc32c.h"

#include <bit>
#include <cstring>

namespace pelton::store {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint32_t kMagic = 0x474c4c50;  // "PLLG"

template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
void take(std::string_view& in, T& value) {
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
}

}  // namespace

std::uint64_t RecordHeader::size() const {
  return kHeaderSize + batches * kDirectoryEntrySize + batch_bytes + metadata_bytes;
}

std::uint64_t RecordHeader::padded_size() const {
  return (size() + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
}

std::string encode(const RecordHeader& header) {
  std::string body;
  put(body, header.log);
  put(body, header.lap);
  put(body, header.group);
  put(body, header.batch_bytes);
  put(body, header.metadata_bytes);
  put(body, header.batches);
  put(body, header.crc);
  put(body, std::uint64_t{0});
  std::string out;
  put(out, kMagic);
  put(out, crc32c(body));
  return out + body;
}

std::optional<RecordHeader> decode_header(std::string_view bytes) {
  if (bytes.size() < kHeaderSize) return std::nullopt;
  std::string_view in = bytes.substr(0, kHeaderSize);
  std::uint32_t magic = 0;
  std::uint32_t crc = 0;
  RecordHeader header;
  take(in, magic);
  if (magic != kMagic) return std::nullopt;
  take(in, crc);
  if (crc != crc32c(in)) return std::nullopt;
  take(in, header.log);
  take(in, header.lap);
  take(in, header.group);
  take(in, header.batch_bytes);
  take(in, header.metadata_bytes);
  take(in, header.batches);
  take(in, header.crc);
  return header;
}

std::optional<RecordHeader> decode_header(std::string_view bytes, std::uint64_t log) {
  auto header = decode_header(bytes);
  if (header && header->log != log) header.reset();
  return header;
}

void encode(const DirectoryEntry& entry, std::string& out) {
  put(out, entry.at.stream.value);
  put(out, entry.at.partition.value);
  put(out, entry.base);
  put(out, entry.events);
  put(out, entry.crc);
  put(out, entry.bytes);
  put(out, entry.appended_us);
  put(out, entry.earliest_us);
  put(out, entry.latest_us);
}

DirectoryEntry decode_directory_entry(std::string_view in) {
  DirectoryEntry entry;
  take(in, entry.at.stream.value);
  take(in, entry.at.partition.value);
  take(in, entry.base);
  take(in, entry.events);
  take(in, entry.crc);
  take(in, entry.bytes);
  take(in, entry.appended_us);
  take(in, entry.earliest_us);
  take(in, entry.latest_us);
  return entry;
}

}  // namespace pelton::store
