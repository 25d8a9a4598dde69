// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/jar.h"

#include <boost/beast/zlib/inflate_stream.hpp>
#include <boost/crc.hpp>

#include <algorithm>
#include <fstream>
#include <optional>

namespace pelton::worker::lambda {
namespace {

namespace zlib = boost::beast::zlib;

// PKWARE's APPNOTE.TXT: 4.3.16, 4.3.12, 4.3.7.
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kListed = 0x02014b50;
constexpr std::uint32_t kEntry = 0x04034b50;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kListedSize = 46;
constexpr std::size_t kEntrySize = 30;
constexpr std::size_t kMostComment = 0xffff;
constexpr std::uint32_t kStored = 0;
constexpr std::uint32_t kDeflated = 8;

// Bytes of a file; short where it ends.
std::string read_at(std::ifstream& file, std::uint64_t at, std::size_t size) {
  std::string bytes(size, '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(at));
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return bytes;
}

// Little-endian; 0 where the text is too short.
std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = size; i-- > 0;)
    value = value << 8 | (at + i < bytes.size() ? static_cast<std::uint8_t>(bytes[at + i]) : 0);
  return value;
}

struct Listed {
  std::uint32_t method = 0, crc = 0, packed = 0, size = 0, offset = 0;
};

std::optional<Listed> find_listed(std::string_view list, std::string_view entry) {
  for (std::size_t at = 0; number(list, at, 4) == kListed;) {
    const std::size_t name = number(list, at + 28, 2);
    if (at + kListedSize + name <= list.size() && list.substr(at + kListedSize, name) == entry)
      return Listed{number(list, at + 10, 2), number(list, at + 16, 4), number(list, at + 20, 4),
                    number(list, at + 24, 4), number(list, at + 42, 4)};
    at += kListedSize + name + number(list, at + 30, 2) + number(list, at + 32, 2);
  }
  return std::nullopt;
}

// The list of what is in the file.
std::string directory(std::ifstream& file, std::uint64_t size) {
  const std::size_t last = std::min<std::uint64_t>(size, kEndSize + kMostComment);
  const std::string end = read_at(file, size - last, last);
  for (std::size_t at = end.size(); at >= kEndSize; --at) {
    const std::size_t begin = at - kEndSize;
    if (number(end, begin, 4) != kEnd) continue;
    const std::uint32_t bytes = number(end, begin + 12, 4);
    return bytes > kMostOfAJar ? std::string() : read_at(file, number(end, begin + 16, 4), bytes);
  }
  return {};
}

// Nothing: it is damaged.
std::optional<std::string> inflated(const std::string& packed, const Listed& listed) {
  if (packed.size() != listed.packed) return std::nullopt;
  if (listed.method == kStored) return packed;
  if (listed.method != kDeflated) return std::nullopt;
  // One byte more, for a stream that is longer than it says.
  std::string text(listed.size + 1, '\0');
  zlib::inflate_stream inflate;
  zlib::z_params z;
  z.next_in = packed.data();
  z.avail_in = packed.size();
  z.next_out = text.data();
  z.avail_out = text.size();
  boost::system::error_code error;
  inflate.write(z, zlib::Flush::finish, error);
  if (error != zlib::error::end_of_stream) return std::nullopt;
  text.resize(text.size() - z.avail_out);
  return text;
}

}  // namespace

Result<std::string> read_entry(const std::filesystem::path& jar, std::string_view entry) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorKind::unavailable, "E3001", "{} of {}: {}", entry, jar.string(), why);
  };
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(jar, error);
  std::ifstream file(jar, std::ios::binary);
  if (error || !file) return bad("the file cannot be read");
  const auto listed = find_listed(directory(file, size), entry);
  if (!listed) return bad("it is not there");
  if (listed->size > kMostOfAJar || listed->packed > kMostOfAJar) return bad("it is too large");
  const std::string head = read_at(file, listed->offset, kEntrySize);
  if (number(head, 0, 4) != kEntry) return bad("the file is damaged");
  const std::uint64_t begin =
      std::uint64_t{listed->offset} + kEntrySize + number(head, 26, 2) + number(head, 28, 2);
  auto text = inflated(read_at(file, begin, listed->packed), *listed);
  boost::crc_32_type crc;
  if (text) crc.process_bytes(text->data(), text->size());
  if (!text || text->size() != listed->size || crc.checksum() != listed->crc)
    return bad("the file is damaged");
  return std::move(*text);
}

}  // namespace pelton::worker::lambda
