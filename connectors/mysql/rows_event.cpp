// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/rows_event.h"

#include "connectors/mysql/wire.h"

#include <array>

namespace pelton::mysql {
namespace {

struct Form {
  RowsReader::Kind kind{};
  bool extra = false;       // data of the server's own in front (version 2)
  bool compressed = false;  // MariaDB's
};

std::optional<Form> form_of(EventType type) {
  using Change = RowsReader::Kind;
  switch (type) {
    case EventType::write_rows_v1:
      return Form{Change::insert, false, false};
    case EventType::update_rows_v1:
      return Form{Change::update, false, false};
    case EventType::delete_rows_v1:
      return Form{Change::remove, false, false};
    case EventType::write_rows:
      return Form{Change::insert, true, false};
    case EventType::update_rows:
    case EventType::partial_update_rows:
      return Form{Change::update, true, false};
    case EventType::delete_rows:
      return Form{Change::remove, true, false};
    case EventType::write_rows_compressed_v1:
      return Form{Change::insert, false, true};
    case EventType::update_rows_compressed_v1:
      return Form{Change::update, false, true};
    case EventType::delete_rows_compressed_v1:
      return Form{Change::remove, false, true};
    case EventType::write_rows_compressed:
      return Form{Change::insert, true, true};
    case EventType::update_rows_compressed:
      return Form{Change::update, true, true};
    case EventType::delete_rows_compressed:
      return Form{Change::remove, true, true};
    default:
      return std::nullopt;
  }
}

std::unexpected<Error> unreadable_rows() {
  return fail(ErrorKind::corrupt, "E7232", "the server sent rows that cannot be read");
}

bool bit_of(std::string_view bits, std::size_t i) {
  return (static_cast<std::uint8_t>(bits[i / 8]) & (1U << (i % 8))) != 0;
}

// Nine digits take four bytes, what is left over these.
std::size_t decimal_bytes(std::uint32_t meta) {
  constexpr std::array<std::size_t, 10> kLeft{0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
  const std::size_t scale = meta % 256;
  const std::size_t whole = meta / 256 > scale ? meta / 256 - scale : 0;
  return whole / 9 * 4 + kLeft[whole % 9] + scale / 9 * 4 + kLeft[scale % 9];
}

std::size_t fraction_bytes(std::uint32_t digits) {
  return (digits + 1) / 2;
}

std::string_view take_value(WireReader& in, const WireColumn& column) {
  switch (column.type) {
    case WireType::tiny:
    case WireType::year:
      return in.bytes(1);
    case WireType::short_:
      return in.bytes(2);
    case WireType::int24:
    case WireType::date:
    case WireType::time:
      return in.bytes(3);
    case WireType::long_:
    case WireType::float_:
    case WireType::timestamp:
      return in.bytes(4);
    case WireType::longlong:
    case WireType::double_:
    case WireType::datetime:
      return in.bytes(8);
    case WireType::timestamp2:
      return in.bytes(4 + fraction_bytes(column.meta));
    case WireType::datetime2:
      return in.bytes(5 + fraction_bytes(column.meta));
    case WireType::time2:
      return in.bytes(3 + fraction_bytes(column.meta));
    case WireType::decimal:
      return in.bytes(decimal_bytes(column.meta));
    case WireType::bit:
      return in.bytes((column.meta + 7) / 8);
    case WireType::enumeration:
    case WireType::set:
      return in.bytes(column.meta);
    case WireType::varchar:
    case WireType::varchar_compressed:
    case WireType::string:
      return in.bytes(static_cast<std::size_t>(in.number(column.meta > 255 ? 2 : 1)));
    case WireType::blob:
    case WireType::blob_compressed:
    case WireType::geometry:
    case WireType::json:
    case WireType::vector:
      return in.bytes(static_cast<std::size_t>(in.number(column.meta)));
  }
  in.refuse();
  return {};
}

}  // namespace

bool RowsReader::is_rows(EventType type) {
  return form_of(type).has_value();
}

Status RowsReader::begin(EventType type, std::string_view body,
                         const std::vector<WireColumn>& columns, std::string& scratch) {
  if (type == EventType::partial_update_rows)
    return fail(
        ErrorKind::invalid, "E7233",
        "an update has parts of JSON values only (binlog_row_value_options = PARTIAL_JSON)");
  const auto form = form_of(type);
  if (!form) return unreadable_rows();
  WireReader in(body);
  in.bytes(8);  // table, flags
  if (form->extra) {
    const std::uint16_t size = in.u16();
    in.bytes(size < 2 ? 0 : size - 2U);
  }
  const std::uint64_t count = in.packed();
  if (in.bad() || count != columns.size()) return unreadable_rows();
  const std::size_t bitmap = (columns.size() + 7) / 8;
  kind_ = form->kind;
  columns_ = &columns;
  before_ = after_ = in.bytes(bitmap);
  if (kind_ == Kind::update) after_ = in.bytes(bitmap);
  if (in.bad()) return unreadable_rows();
  rest_ = in.rest();
  if (form->compressed) {
    if (auto good = uncompress(rest_, scratch); !good) return good;
    rest_ = scratch;
  }
  return {};
}

Status RowsReader::next(RowPair& out) {
  if (kind_ != Kind::insert)
    if (auto read = read_image(before_, out.before); !read) return read;
  if (kind_ != Kind::remove)
    if (auto read = read_image(after_, out.after); !read) return read;
  return {};
}

Status RowsReader::read_image(std::string_view present, WireRow& row) {
  WireReader in(rest_);
  const std::vector<WireColumn>& columns = *columns_;
  // Bits beyond the last column do not count.
  std::size_t columns_there = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) columns_there += bit_of(present, i) ? 1 : 0;
  const std::string_view nulls = in.bytes((columns_there + 7) / 8);
  if (in.bad()) return unreadable_rows();
  row.resize(columns.size());
  std::size_t n = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    row[i] = {};
    if (!bit_of(present, i)) continue;
    if (bit_of(nulls, n++))
      row[i].state = WireValue::State::null;
    else
      row[i] = {WireValue::State::value, take_value(in, columns[i])};
  }
  // An image of no bytes at all would come for ever.
  if (in.bad() || in.left() == rest_.size()) return unreadable_rows();
  rest_ = in.rest();
  return {};
}

}  // namespace pelton::mysql
