// SPDX-License-Identifier: Apache-2.0
#include "engine/store/wal_check.h"

#include <boost/crc.hpp>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace pelton::store::wal {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 32U << 10;
constexpr std::size_t kHeader = 7;
constexpr std::uint8_t kFull = 1;
constexpr std::uint8_t kFirst = 2;
constexpr std::uint8_t kLast = 4;

using Crc32c = boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true>;

struct Fragment {
  std::uint8_t type = 0;
  std::size_t size = 0;  // with its header
};

std::uint32_t byte(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

// The fragment that begins at `at`, when all of it is there and right.
std::optional<Fragment> fragment(std::string_view bytes, std::size_t at) {
  const std::size_t room = std::min(bytes.size() - at, kBlock - at % kBlock);
  if (room < kHeader) return std::nullopt;
  const std::string_view header = bytes.substr(at, kHeader);
  const std::uint32_t type = byte(header, 6);
  const std::size_t length = byte(header, 4) | byte(header, 5) << 8;
  if (type < kFull || type > kLast || length > room - kHeader) return std::nullopt;
  Crc32c crc;
  crc.process_bytes(bytes.data() + at + 6, length + 1);
  const std::uint32_t sum = crc.checksum();
  const std::uint32_t masked = ((sum >> 15) | (sum << 17)) + 0xa282ead8U;
  const std::uint32_t stored =
      byte(header, 0) | byte(header, 1) << 8 | byte(header, 2) << 16 | byte(header, 3) << 24;
  if (masked != stored) return std::nullopt;
  return Fragment{static_cast<std::uint8_t>(type), kHeader + length};
}

Condition scan(std::string_view bytes) {
  bool bad = false;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t left = kBlock - at % kBlock;
    if (left < kHeader) {
      at += left;
      continue;
    }
    const auto found = fragment(bytes, at);
    if (!found) {
      bad = true;
      ++at;
      continue;
    }
    if (bad && (found->type == kFull || found->type == kFirst)) return Condition::damaged;
    at += found->size;
  }
  return bad ? Condition::torn : Condition::whole;
}

// Oldest first: RocksDB's names are numbers of a fixed width.
Result<std::vector<fs::path>> logs(const fs::path& db) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(db, error), end; !error && at != end; at.increment(error))
    if (at->path().extension() == ".log") found.push_back(at->path());
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(ErrorKind::unavailable, "E4104", "the data folder {} cannot be read: {}",
                db.string(), error.message());
  std::ranges::sort(found);
  return found;
}

}  // namespace

Result<Condition> check_log(const fs::path& log, std::uint64_t from) {
  std::ifstream in(log, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(from - from % kBlock));
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (in.bad() || !in.is_open())
    return fail(ErrorKind::unavailable, "E4104", "the log {} cannot be read", log.string());
  return scan(bytes);
}

Status check_ends(const fs::path& db) {
  auto found = logs(db);
  if (!found) return std::unexpected(found.error());
  for (const fs::path& log : *found) {
    std::error_code error;
    const auto size = fs::file_size(log, error);
    if (error || size == 0) continue;
    auto condition = check_log(log, size - 1);
    if (!condition) return std::unexpected(condition.error());
    if (*condition == Condition::damaged)
      return fail(ErrorKind::corrupt, "E4001", "the log {} is damaged near its end", log.string());
  }
  return {};
}

Result<bool> only_torn(const fs::path& db) {
  auto found = logs(db);
  if (!found) return std::unexpected(found.error());
  for (const fs::path& log : *found) {
    auto condition = check_log(log, 0);
    if (!condition) return std::unexpected(condition.error());
    if (log == found->back()) return *condition == Condition::torn;
    if (*condition != Condition::whole) return false;
  }
  return false;
}

}  // namespace pelton::store::wal
