// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/pgoutput.h"

#include "connectors/postgres/wire.h"

namespace pelton::postgres {
namespace {

constexpr std::int64_t kEpoch = 946'684'800'000'000;  // 2000-01-01, in Unix time

Field read_field(WireReader& in) {
  switch (in.u8()) {
    case 'n':
      return {Field::Kind::null};
    case 'u':
      return {Field::Kind::unchanged};
    case 't':
      return {Field::Kind::text, in.bytes(in.u32())};
    default:  // binary values were not asked for
      in.refuse();
      return {};
  }
}

void read_row(WireReader& in, Row& row) {
  row.clear();
  const std::size_t count = in.u16();
  for (std::size_t i = 0; i < count && !in.bad(); ++i) row.push_back(read_field(in));
}

void read_begin(WireReader& in, Message& out) {
  out.commit = in.u64();
  out.time_us = static_cast<std::int64_t>(in.u64()) + kEpoch;
  out.xid = in.u32();
}

void read_commit(WireReader& in, Message& out) {
  in.u8();  // flags, none of them in use
  out.commit = in.u64();
  out.end = in.u64();
  out.time_us = static_cast<std::int64_t>(in.u64()) + kEpoch;
}

void read_relation(WireReader& in, Message& out) {
  out.relation = in.u32();
  out.schema = in.text();
  out.table = in.text();
  out.identity = static_cast<char>(in.u8());
  out.columns.clear();
  const std::size_t count = in.u16();
  for (std::size_t i = 0; i < count && !in.bad(); ++i) {
    Column column;
    column.identity = (in.u8() & 1U) != 0;
    column.name = in.text();
    column.type = in.u32();
    in.u32();  // its modifier
    out.columns.push_back(column);
  }
}

// Behind an optional old row comes the new one.
void read_change(WireReader& in, Message& out) {
  out.relation = in.u32();
  out.old = Message::Old::none;
  auto part = in.u8();
  if (part == 'K' || part == 'O') {
    out.old = part == 'K' ? Message::Old::key : Message::Old::full;
    read_row(in, out.old_row);
    if (out.kind == Message::Kind::remove) return;
    part = in.u8();
  }
  if (part == 'N' && out.kind != Message::Kind::remove)
    read_row(in, out.row);
  else
    in.refuse();
}

void read_truncate(WireReader& in, Message& out) {
  const std::uint32_t count = in.u32();
  in.u8();  // whether it cascades and restarts identities
  out.truncated.clear();
  for (std::uint32_t i = 0; i < count && !in.bad(); ++i) out.truncated.push_back(in.u32());
}

Message::Kind kind_of(std::uint8_t letter) {
  switch (letter) {
    case 'B':
      return Message::Kind::begin;
    case 'C':
      return Message::Kind::commit;
    case 'R':
      return Message::Kind::relation;
    case 'I':
      return Message::Kind::insert;
    case 'U':
      return Message::Kind::update;
    case 'D':
      return Message::Kind::remove;
    case 'T':
      return Message::Kind::truncate;
    default:
      return Message::Kind::other;
  }
}

void read_body(WireReader& in, Message& out) {
  switch (out.kind) {
    case Message::Kind::begin:
      return read_begin(in, out);
    case Message::Kind::commit:
      return read_commit(in, out);
    case Message::Kind::relation:
      return read_relation(in, out);
    case Message::Kind::insert:
    case Message::Kind::update:
    case Message::Kind::remove:
      return read_change(in, out);
    case Message::Kind::truncate:
      return read_truncate(in, out);
    case Message::Kind::other:
      break;
  }
}

std::unexpected<Error> unreadable(std::string_view what, std::size_t size) {
  return fail(ErrorKind::corrupt, "E7091",
              "the server sent {} of {} bytes that is cut off or not of the replication protocol",
              what, size);
}

}  // namespace

Status decode_pgoutput(std::string_view payload, Message& into) {
  WireReader in(payload);
  const std::uint8_t letter = in.u8();
  into.kind = kind_of(letter);
  // Origins, types and logical messages.
  const bool known =
      into.kind != Message::Kind::other || letter == 'O' || letter == 'Y' || letter == 'M';
  if (known) read_body(in, into);
  if (!known || in.bad() || (into.kind != Message::Kind::other && in.left() > 0))
    return unreadable("a change", payload.size());
  return {};
}

Result<ReplicationData> decode_replication(std::string_view message) {
  WireReader in(message);
  ReplicationData out;
  const std::uint8_t letter = in.u8();
  if (letter == 'w') {
    out.kind = ReplicationData::Kind::change;
    in.u64();  // where it begins
    out.end = in.u64();
    in.u64();  // the server's time
    out.payload = in.bytes(in.left());
  } else if (letter == 'k') {
    out.end = in.u64();
    in.u64();
    out.reply_now = in.u8() != 0;
  } else {
    in.refuse();
  }
  if (in.bad()) return unreadable("a message", message.size());
  return out;
}

std::string encode_status(Lsn received, Lsn durable, std::int64_t time_us, bool reply_now) {
  std::string out = "r";
  put_number(out, received, 8);
  put_number(out, durable, 8);
  put_number(out, durable, 8);  // applied
  put_number(out, static_cast<std::uint64_t>(time_us - kEpoch), 8);
  put_number(out, reply_now ? 1 : 0, 1);
  return out;
}

}  // namespace pelton::postgres
