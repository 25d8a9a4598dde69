// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/binlog_event.h"

#include "connectors/mysql/wire.h"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace pelton::mysql {
namespace {

constexpr std::size_t kChecksumBytes = 4;
constexpr std::uint8_t kCrc32 = 1;
constexpr std::size_t kLargest = std::size_t{1} << 30U;  // the servers' largest packet

// Bits of a MariaDB GTID event.
constexpr std::uint8_t kStandalone = 0x01;
constexpr std::uint8_t kPreparedXa = 0x40;

std::unexpected<Error> unreadable(const char* what) {
  return fail(ErrorKind::corrupt, "E7232", "the server sent {} that cannot be read", what);
}

std::uint32_t crc32_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

// Whether its last bytes are the checksum of the others.
bool has_checksum(std::string_view event) {
  if (event.size() < EventHeader::kBytes + kChecksumBytes) return false;
  const std::size_t covered = event.size() - kChecksumBytes;
  return little_endian(event.substr(covered)) == crc32_of(event.substr(0, covered));
}

// The widths of the variables that may come before the client's collation, by their code.
bool skip_variable(std::uint8_t code, WireReader& in) {
  switch (code) {
    case 0:  // flags
      in.bytes(4);
      return true;
    case 3:  // auto-increment
      in.bytes(4);
      return true;
    case 2:  // catalog, with a NUL
      in.bytes(in.u8());
      in.bytes(1);
      return true;
    case 6:  // catalog
      in.bytes(in.u8());
      return true;
    default:
      return false;
  }
}

// Those that nobody needs come behind them.
void read_variables(std::string_view variables, QueryEvent& out) {
  WireReader in(variables);
  while (in.left() > 0) {
    const std::uint8_t code = in.u8();
    if (code == 1) {
      out.sql_mode = in.u64();
    } else if (code == 4) {
      out.client_collation = in.u16();
      return;
    } else if (!skip_variable(code, in)) {
      return;
    }
  }
}

struct QueryParts {
  std::string_view head;  // up to the statement
  std::string_view variables, database, statement;
};

Result<QueryParts> split_query(std::string_view body) {
  WireReader in(body);
  in.bytes(8);  // thread, duration
  const std::uint8_t database = in.u8();
  in.bytes(2);  // error
  const std::uint16_t variables = in.u16();
  QueryParts out;
  out.variables = in.bytes(variables);
  out.database = in.bytes(database);
  in.bytes(1);
  if (in.bad()) return unreadable("a statement");
  out.head = body.substr(0, body.size() - in.left());
  out.statement = in.rest();
  return out;
}

}  // namespace

Result<EventHeader> EventReader::open(std::string_view event, std::string_view& body) {
  WireReader in(event);
  EventHeader header;
  header.time_s = in.u32();
  header.type = static_cast<EventType>(in.u8());
  header.server_id = in.u32();
  header.size = in.u32();
  header.next_position = in.u32();
  in.u16();  // flags
  if (in.bad() || header.size != event.size()) return unreadable("an event");
  body = in.rest();
  // It says itself, at its end, whether events have checksums.
  if (header.type == EventType::format_description || !checksums_.value_or(true)) return header;
  // What comes before that may have one.
  if (!checksums_ && !has_checksum(event)) return header;
  if (body.size() < kChecksumBytes) return unreadable("an event");
  if (!has_checksum(event))
    return fail(ErrorKind::corrupt, "E7232",
                "an event of the binary log does not match its checksum");
  body.remove_suffix(kChecksumBytes);
  return header;
}

Status EventReader::format(std::string_view body) {
  WireReader in(body);
  const std::uint16_t version = in.u16();
  in.bytes(50 + 4);  // the server's version, the time of creation
  const std::uint8_t header = in.u8();
  if (in.bad() || version != 4 || header != EventHeader::kBytes || in.left() < 1 + kChecksumBytes)
    return unreadable("a format of events");
  const std::string_view lengths = in.bytes(in.left() - 1 - kChecksumBytes);
  // Of a table's description: 8 since the numbers of tables have six bytes.
  constexpr auto kTableMap = static_cast<std::size_t>(EventType::table_map);
  if (lengths.size() < kTableMap || lengths[kTableMap - 1] != 8)
    return unreadable("a format of events");
  const std::uint8_t checksum = in.u8();
  if (checksum > kCrc32 && checksum != 0xFF) return unreadable("a kind of checksum");
  checksums_ = checksum == kCrc32;
  return {};
}

Result<RotateEvent> decode_rotate(std::string_view body) {
  WireReader in(body);
  RotateEvent out;
  out.position = in.u64();
  out.file = in.rest();
  if (in.bad() || out.file.empty()) return unreadable("the name of a log");
  return out;
}

Result<QueryEvent> decode_query(std::string_view body) {
  const auto parts = split_query(body);
  if (!parts) return std::unexpected(parts.error());
  QueryEvent out;
  out.database = parts->database;
  out.statement = parts->statement;
  read_variables(parts->variables, out);
  return out;
}

Result<MariaGtidEvent> decode_maria_gtid(std::string_view body, std::uint32_t server_id) {
  WireReader in(body);
  MariaGtidEvent out;
  out.gtid.sequence = in.u64();
  out.gtid.domain = in.u32();
  out.gtid.server = server_id;
  const std::uint8_t flags = in.u8();
  if (in.bad()) return unreadable("a GTID");
  out.standalone = (flags & kStandalone) != 0;
  out.prepared = (flags & kPreparedXa) != 0;
  return out;
}

Result<MysqlGtidEvent> decode_mysql_gtid(std::string_view body) {
  WireReader in(body);
  MysqlGtidEvent out;
  in.u8();  // flags
  std::ranges::copy(in.bytes(16), out.gtid.server.begin());
  out.gtid.number = in.u64();
  if (in.bad()) return unreadable("a GTID");
  // Then, of MySQL 5.7 and later, two logical clocks, of MySQL 8 the time of the commit.
  if (in.left() < 1 + 16 + 7 || in.u8() != 2) return out;
  in.bytes(16);
  // The highest bit: the time of the first commit, elsewhere, follows.
  out.commit_us = static_cast<std::int64_t>(in.number(7) & ~(std::uint64_t{1} << 55U));
  return out;
}

Status uncompress(std::string_view bytes, std::string& out) {
  WireReader in(bytes);
  const std::uint8_t head = in.u8();
  const std::uint64_t size = big_endian(in.bytes(head & 0x07U));
  const bool zlib = (head & 0x70U) == 0;
  if (in.bad() || !zlib || size > kLargest) return unreadable("compressed data");
  out.resize(static_cast<std::size_t>(size));
  uLongf written = static_cast<uLongf>(size);
  const std::string_view packed = in.rest();
  if (::uncompress(reinterpret_cast<Bytef*>(out.data()), &written,
                   reinterpret_cast<const Bytef*>(packed.data()),
                   static_cast<uLong>(packed.size())) != Z_OK ||
      written != size)
    return unreadable("compressed data");
  return {};
}

Status uncompress_query(std::string_view body, std::string& out) {
  const auto parts = split_query(body);
  if (!parts) return std::unexpected(parts.error());
  std::string statement;
  if (auto good = uncompress(parts->statement, statement); !good) return good;
  out.assign(parts->head);
  out += statement;
  return {};
}

}  // namespace pelton::mysql
