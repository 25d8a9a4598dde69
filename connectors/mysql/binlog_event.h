// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/mysql/gtid.h"
#include "engine/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pelton::mysql {

// The types of events that are told apart; MariaDB's own begin at 160.
enum class EventType : std::uint8_t {
  query = 2,
  rotate = 4,
  format_description = 15,
  xid = 16,
  table_map = 19,
  write_rows_v1 = 23,
  update_rows_v1 = 24,
  delete_rows_v1 = 25,
  incident = 26,
  heartbeat = 27,
  write_rows = 30,
  update_rows = 31,
  delete_rows = 32,
  mysql_gtid = 33,
  anonymous_gtid = 34,
  xa_prepare = 38,
  partial_update_rows = 39,
  transaction_payload = 40,
  heartbeat_v2 = 41,
  tagged_gtid = 42,
  maria_gtid = 162,
  query_compressed = 165,
  write_rows_compressed_v1 = 166,
  update_rows_compressed_v1 = 167,
  delete_rows_compressed_v1 = 168,
  write_rows_compressed = 169,
  update_rows_compressed = 170,
  delete_rows_compressed = 171,
};

// Value. What every event begins with.
struct EventHeader {
  static constexpr std::size_t kBytes = 19;
  std::uint32_t time_s = 0;
  EventType type{};
  std::uint32_t server_id = 0;
  std::uint32_t size = 0;           // with header and checksum
  std::uint32_t next_position = 0;  // its lower 32 bits; 0: the event is not in the log
};

// Views of decoded events live as long as the event's bytes.
struct RotateEvent {
  std::uint64_t position = 0;
  std::string_view file;
};
struct QueryEvent {
  std::string_view database, statement;
  std::uint64_t sql_mode = 0;
  std::uint16_t client_collation = 0;  // of the statement's text; 0: not said
};
struct MariaGtidEvent {
  MariaGtid gtid;
  bool standalone = false;  // no commit event ends the transaction
  bool prepared = false;    // by XA PREPARE
};
struct MysqlGtidEvent {
  MysqlGtid gtid;
  std::int64_t commit_us = 0;  // 0: the server is older than MySQL 8
};

// Cuts the bytes that a server sends into events and undoes what lies around them. Each decoder
// answers E7232 corrupt for what it cannot read. Pure.
class EventReader {
 public:
  // A new connection: the format of its events is not known yet.
  void reset() { checksums_.reset(); }
  // The header of an event and its body, without a checksum, which is checked.
  Result<EventHeader> open(std::string_view event, std::string_view& body);
  // From this one on, the format holds. Also refuses formats older than MySQL 5.6.
  Status format(std::string_view body);

 private:
  // Absent: the server has not said it yet.
  std::optional<bool> checksums_;
};

Result<RotateEvent> decode_rotate(std::string_view body);
Result<QueryEvent> decode_query(std::string_view body);
Result<MariaGtidEvent> decode_maria_gtid(std::string_view body, std::uint32_t server_id);
Result<MysqlGtidEvent> decode_mysql_gtid(std::string_view body);

// The rest of a compressed query event behind its names, and of a compressed rows event: what it
// holds, in `out`. MariaDB's form, of at most 1 GiB.
Status uncompress(std::string_view bytes, std::string& out);
// The body of a query event whose statement is compressed, as that of a plain one.
Status uncompress_query(std::string_view body, std::string& out);

}  // namespace pelton::mysql
