// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/postgres/lsn.h"
#include "engine/base/result.h"

#include <cstdint>
#include <string_view>
#include <vector>

// The messages of logical replication: those of the walsender, and within them those of the output
// plug-in pgoutput, protocol version 1 (PostgreSQL's manual, "Logical Replication Message
// Formats"). Own code: libpq hands them over as bytes, and no packaged library decodes them.
namespace pelton::postgres {

// One column of a row.
struct Field {
  enum class Kind : std::uint8_t {
    null,
    unchanged,  // a large value, stored apart, that the update did not touch; it is not sent
    text,
  };
  Kind kind = Kind::null;
  std::string_view text{};
};
using Row = std::vector<Field>;

struct Column {
  bool identity = false;  // part of the replica identity
  std::string_view name;
  std::uint32_t type = 0;  // oid
};

// Value. One message. Only the members of its kind mean something; views point into the message.
struct Message {
  enum class Kind : std::uint8_t {
    begin,
    commit,
    relation,
    insert,
    update,
    remove,
    truncate,
    other,  // carries nothing that is needed
  };
  enum class Old : std::uint8_t {
    none,
    key,   // the columns of the replica identity; the others are null
    full,  // the whole row
  };

  Kind kind = Kind::other;
  Lsn commit = 0;            // begin, commit: where the commit record begins
  Lsn end = 0;               // commit: where it ends
  std::int64_t time_us = 0;  // begin, commit: Unix time of the commit
  std::uint32_t xid = 0;     // begin
  std::uint32_t relation = 0;
  std::string_view schema, table;  // relation; pg_catalog has an empty name
  char identity = 'd';             // relation: d(efault), f(ull), i(ndex), n(othing)
  std::vector<Column> columns;     // relation
  Old old = Old::none;             // update, remove
  Row old_row, row;
  std::vector<std::uint32_t> truncated;
};

// Decodes the payload of a ReplicationData into `into`, whose buffers are used again. E7091
// corrupt: it is cut off, or not of this protocol.
Status decode_pgoutput(std::string_view payload, Message& into);

// Value. What a walsender sends.
struct ReplicationData {
  enum class Kind : std::uint8_t { change, keepalive };
  Kind kind = Kind::keepalive;
  Lsn end = 0;             // change: the server's newest; keepalive: all before it has been sent
  bool reply_now = false;  // keepalive
  std::string_view payload{};  // change
};

// E7091 corrupt.
Result<ReplicationData> decode_replication(std::string_view message);

// A standby's status: received, and durable, up to these; asks for an answer.
std::string encode_status(Lsn received, Lsn durable, std::int64_t time_us, bool reply_now);

}  // namespace pelton::postgres
