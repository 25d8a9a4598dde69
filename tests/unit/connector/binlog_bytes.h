// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/mysql/binlog_event.h"
#include "connectors/mysql/wire.h"

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Events of a binary log as servers send them.
namespace pelton::test::binlog {

inline std::string number(std::uint64_t value, std::size_t width) {
  std::string out;
  mysql::put_number(out, value, width);
  return out;
}

inline std::string from_hex(std::string_view digits) {
  std::string out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  return out;
}

struct Place {
  std::uint32_t time_s = 100, server_id = 1, next_position = 1000;
  bool checksum = false;
};

inline std::string event(mysql::EventType type, const std::string& body, Place place = {}) {
  const std::size_t size = 19 + body.size() + (place.checksum ? 4 : 0);
  std::string out = number(place.time_s, 4) + static_cast<char>(type) + number(place.server_id, 4) +
                    number(size, 4) + number(place.next_position, 4) + number(0, 2) + body;
  if (place.checksum)
    out += number(
        ::crc32(0, reinterpret_cast<const Bytef*>(out.data()), static_cast<uInt>(out.size())), 4);
  return out;
}

// 0: no checksums, 1: CRC-32.
inline std::string format(int checksum, Place place = {.next_position = 0}) {
  std::string body = number(4, 2) + std::string(50, '\0') + number(0, 4) + '\x13';
  std::string lengths(40, '\0');
  lengths[18] = 8;
  body += lengths + static_cast<char>(checksum) + number(0, 4);
  return event(mysql::EventType::format_description, body, place);
}

inline std::string rotate(const std::string& file, std::uint64_t position) {
  return event(mysql::EventType::rotate, number(position, 8) + file, {.next_position = 0});
}

inline std::string maria_gtid(std::uint64_t sequence, std::uint8_t flags = 0,
                              std::uint32_t domain = 0) {
  return event(mysql::EventType::maria_gtid,
               number(sequence, 8) + number(domain, 4) + static_cast<char>(flags) + number(0, 6));
}

inline std::string mysql_gtid(const std::string& server, std::uint64_t gno,
                              std::uint64_t commit_us) {
  return event(mysql::EventType::mysql_gtid, std::string(1, '\0') + server + number(gno, 8) + '\2' +
                                                 number(0, 16) + number(commit_us, 7));
}

inline std::string query(const std::string& sql, const std::string& database = "shop",
                         const std::string& variables = "") {
  return event(mysql::EventType::query, number(0, 8) + static_cast<char>(database.size()) +
                                            number(0, 2) + number(variables.size(), 2) + variables +
                                            database + '\0' + sql);
}

inline std::string xid() {
  return event(mysql::EventType::xid, number(7, 8));
}

// Columns by type; `meta` is all their metadata, `optional` what follows.
inline std::string table_map(std::uint64_t id, const std::string& database,
                             const std::string& table, const std::string& types,
                             const std::string& meta, const std::string& optional = "") {
  return event(mysql::EventType::table_map,
               number(id, 6) + number(1, 2) + static_cast<char>(database.size()) + database + '\0' +
                   static_cast<char>(table.size()) + table + '\0' +
                   static_cast<char>(types.size()) + types + static_cast<char>(meta.size()) + meta +
                   std::string((types.size() + 7) / 8, '\xFF') + optional);
}

// One bitmap for inserts and deletes, two for updates; then the rows.
inline std::string rows(mysql::EventType type, std::uint64_t id, std::size_t columns,
                        const std::string& bitmaps, const std::string& images) {
  const bool extra = type == mysql::EventType::write_rows ||
                     type == mysql::EventType::update_rows || type == mysql::EventType::delete_rows;
  return event(type, number(id, 6) + number(1, 2) + (extra ? number(2, 2) : "") +
                         static_cast<char>(columns) + bitmaps + images);
}

}  // namespace pelton::test::binlog
