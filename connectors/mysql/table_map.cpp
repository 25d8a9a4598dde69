// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/table_map.h"

#include "connectors/mysql/wire.h"

namespace pelton::mysql {
namespace {

constexpr std::size_t kMostColumns = 4096;  // of a table of either server

std::unexpected<Error> unreadable_table() {
  return fail(ErrorKind::corrupt, "E7232", "the server sent a table that cannot be read");
}

bool is_number(WireType type) {
  switch (type) {
    case WireType::tiny:
    case WireType::short_:
    case WireType::int24:
    case WireType::long_:
    case WireType::longlong:
    case WireType::decimal:
    case WireType::float_:
    case WireType::double_:
      return true;
    default:
      return false;
  }
}

// MariaDB leaves out those of compressed columns.
bool has_charset(WireType type) {
  return type == WireType::varchar || type == WireType::string || type == WireType::blob;
}

bool is_enum_or_set(WireType type) {
  return type == WireType::enumeration || type == WireType::set;
}

// CHAR, BINARY, ENUM and SET share a type; the lengths of long CHARs have bits in the type's byte.
void read_string(WireReader& in, WireColumn& column) {
  std::uint8_t type = in.u8();
  column.meta = in.u8();
  if ((type & 0x30U) != 0x30U) {
    column.meta |= ((type & 0x30U) ^ 0x30U) << 4U;
    type |= 0x30U;
  }
  column.type = static_cast<WireType>(type);
}

bool read_meta(WireReader& in, WireColumn& column) {
  switch (column.type) {
    case WireType::tiny:
    case WireType::short_:
    case WireType::long_:
    case WireType::int24:
    case WireType::longlong:
    case WireType::timestamp:
    case WireType::date:
    case WireType::time:
    case WireType::datetime:
    case WireType::year:
      return true;
    case WireType::float_:
    case WireType::double_:
    case WireType::timestamp2:
    case WireType::datetime2:
    case WireType::time2:
    case WireType::blob:
    case WireType::blob_compressed:
    case WireType::geometry:
    case WireType::json:
    case WireType::vector:
      column.meta = in.u8();
      return true;
    case WireType::varchar:
    case WireType::varchar_compressed:
      column.meta = in.u16();
      return true;
    case WireType::bit: {
      const std::uint8_t bits = in.u8();
      column.meta = in.u8() * 8U + bits;
      return true;
    }
    case WireType::decimal: {
      const std::uint8_t precision = in.u8();
      column.meta = precision * 256U + in.u8();
      return true;
    }
    case WireType::string:
      read_string(in, column);
      return column.type == WireType::string || is_enum_or_set(column.type);
    default:
      return false;
  }
}

// One bit for each column that `of` holds for, highest first.
void read_bits(std::string_view bits, const std::vector<WireColumn>& columns,
               bool (*of)(WireType type), std::vector<bool>& out) {
  out.assign(columns.size(), false);
  std::size_t n = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!of(columns[i].type)) continue;
    if (n / 8 < bits.size())
      out[i] = (static_cast<std::uint8_t>(bits[n / 8]) & (0x80U >> (n % 8))) != 0;
    ++n;
  }
}

// One for all such columns, and those that have another one.
void read_default_collation(WireReader in, const std::vector<WireColumn>& columns,
                            bool (*of)(WireType type), std::vector<std::uint32_t>& out) {
  const auto all = static_cast<std::uint32_t>(in.packed());
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (of(columns[i].type)) which.push_back(i);
  for (const std::size_t i : which) out[i] = all;
  while (in.left() > 0) {
    const std::uint64_t n = in.packed();
    const auto collation = static_cast<std::uint32_t>(in.packed());
    if (n < which.size()) out[which[n]] = collation;
  }
}

void read_collations(WireReader in, const std::vector<WireColumn>& columns,
                     bool (*of)(WireType type), std::vector<std::uint32_t>& out) {
  for (std::size_t i = 0; i < columns.size() && in.left() > 0; ++i)
    if (of(columns[i].type)) out[i] = static_cast<std::uint32_t>(in.packed());
}

void read_members(WireReader in, const std::vector<WireColumn>& columns, WireType type,
                  std::vector<std::vector<std::string>>& out) {
  for (std::size_t i = 0; i < columns.size() && in.left() > 0; ++i) {
    if (columns[i].type != type) continue;
    const std::uint64_t count = in.packed();
    for (std::uint64_t k = 0; k < count && !in.bad(); ++k) out[i].emplace_back(in.packed_text());
  }
}

void read_key(WireReader in, bool with_prefix, std::vector<std::size_t>& out) {
  while (in.left() > 0) {
    out.push_back(static_cast<std::size_t>(in.packed()));
    if (with_prefix) in.packed();
  }
}

// The optional fields, each with its type and length. Nothing: the names are not among them.
Result<std::optional<WireNames>> read_names(WireReader in, const std::vector<WireColumn>& columns) {
  WireNames out;
  out.is_unsigned.assign(columns.size(), false);
  out.collations.assign(columns.size(), 0);
  out.values.resize(columns.size());
  while (in.left() > 0) {
    const std::uint8_t field = in.u8();
    const std::string_view bytes = in.packed_text();
    if (in.bad()) return unreadable_table();
    const WireReader value(bytes);
    switch (field) {
      case 1:
        read_bits(bytes, columns, is_number, out.is_unsigned);
        break;
      case 2:
        read_default_collation(value, columns, has_charset, out.collations);
        break;
      case 3:
        read_collations(value, columns, has_charset, out.collations);
        break;
      case 4:
        for (WireReader names = value; names.left() > 0;)
          out.names.emplace_back(names.packed_text());
        break;
      case 5:
        read_members(value, columns, WireType::set, out.values);
        break;
      case 6:
        read_members(value, columns, WireType::enumeration, out.values);
        break;
      case 8:
      case 9:
        read_key(value, field == 9, out.key);
        break;
      case 10:
        read_default_collation(value, columns, is_enum_or_set, out.collations);
        break;
      case 11:
        read_collations(value, columns, is_enum_or_set, out.collations);
        break;
      default:  // of geometry, of who may see a column
        break;
    }
  }
  if (out.names.empty()) return std::nullopt;
  if (out.names.size() != columns.size()) return unreadable_table();
  for (const std::size_t i : out.key)
    if (i >= columns.size()) return unreadable_table();
  return out;
}

}  // namespace

std::uint64_t table_id(std::string_view body) {
  return WireReader(body).number(6);
}

Result<TableMap> decode_table_map(std::string_view body) {
  WireReader in(body);
  TableMap out;
  out.id = in.number(6);
  in.u16();  // flags
  out.database = in.bytes(in.u8());
  in.bytes(1);
  out.table = in.bytes(in.u8());
  in.bytes(1);
  const std::uint64_t count = in.packed();
  if (in.bad() || count > kMostColumns) return unreadable_table();
  for (const char type : in.bytes(static_cast<std::size_t>(count)))
    out.columns.push_back({static_cast<WireType>(static_cast<std::uint8_t>(type)), 0});
  WireReader meta(in.packed_text());
  for (WireColumn& column : out.columns)
    if (!read_meta(meta, column))
      return fail(ErrorKind::invalid, "E7233", "table {}.{} has a column of an unknown type, {}",
                  out.database, out.table, static_cast<int>(column.type));
  in.bytes(static_cast<std::size_t>((count + 7) / 8));  // which may be null
  if (in.bad() || meta.bad()) return unreadable_table();
  auto names = read_names(in, out.columns);
  if (!names) return std::unexpected(std::move(names).error());
  out.names = std::move(*names);
  return out;
}

}  // namespace pelton::mysql
