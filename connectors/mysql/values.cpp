// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/values.h"

#include "connectors/database/json_text.h"
#include "connectors/mysql/json_binary.h"
#include "connectors/mysql/number_text.h"
#include "connectors/mysql/special_values.h"
#include "connectors/mysql/time_text.h"
#include "connectors/mysql/wire.h"
#include "engine/base/base64.h"

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <iterator>

namespace pelton::mysql {
namespace {

using database::append_quoted;
using Kind = ColumnType::Kind;

void append_base64(std::string& out, std::string_view bytes) {
  append_quoted(out, to_base64(bytes));
}

void append_integer(std::string& out, std::string_view bytes, bool is_unsigned) {
  const std::uint64_t value = little_endian(bytes);
  const auto to = std::back_inserter(out);
  const auto unused = static_cast<unsigned>(64 - 8 * bytes.size());
  if (is_unsigned || bytes.empty())
    fmt::format_to(to, "{}", value);
  else
    fmt::format_to(to, "{}", static_cast<std::int64_t>(value << unused) >> unused);
}

void append_decimal_value(std::string& out, std::string_view bytes, const Column& column,
                          Decimals decimals) {
  const std::size_t start = out.size();
  if (decimals == Decimals::text) out += '"';
  if (!append_decimal(out, bytes, column.wire.meta / 256, column.wire.meta % 256)) {
    out.resize(start);
    return append_base64(out, bytes);
  }
  if (decimals == Decimals::text) out += '"';
}

// BINARY(n) without the zeros at its end, which the log leaves out, is padded with them again.
void append_binary(std::string& out, std::string_view bytes, const Column& column) {
  if (!column.type.fixed || bytes.size() >= column.type.length) return append_base64(out, bytes);
  std::string padded(bytes);
  padded.resize(column.type.length);
  append_base64(out, padded);
}

void append_time_value(std::string& out, std::string_view bytes, const WireColumn& wire) {
  out += '"';
  switch (wire.type) {
    case WireType::date:
      append_date(out, static_cast<std::uint32_t>(little_endian(bytes)));
      break;
    case WireType::datetime2:
      append_datetime2(out, bytes, wire.meta);
      break;
    case WireType::datetime:
      append_old_datetime(out, little_endian(bytes));
      break;
    case WireType::timestamp2:
      if (bytes.size() >= 4)
        append_timestamp(out, static_cast<std::int64_t>(big_endian(bytes.substr(0, 4))),
                         micros_of(bytes.substr(4), wire.meta), wire.meta);
      break;
    case WireType::timestamp:
      append_timestamp(out, static_cast<std::int64_t>(little_endian(bytes)), 0, 0);
      break;
    case WireType::time2:
      append_time2(out, bytes, wire.meta);
      break;
    case WireType::time: {
      const auto number = static_cast<std::int32_t>(little_endian(bytes) << 8U);
      append_old_time(out, number >> 8);
      break;
    }
    default:
      break;
  }
  out += '"';
}

void append_year(std::string& out, std::uint64_t since_1900) {
  fmt::format_to(std::back_inserter(out), "{}", since_1900 == 0 ? 0 : since_1900 + 1900);
}

// 0 stands for a text that is none of the values.
void append_enum(std::string& out, std::uint64_t index, const std::vector<std::string>& values) {
  append_quoted(out, index >= 1 && index <= values.size() ? values[index - 1] : "");
}

void append_set(std::string& out, std::uint64_t bits, const std::vector<std::string>& values) {
  std::string text;
  for (std::size_t i = 0; i < values.size() && i < 64; ++i)
    if (((bits >> i) & 1U) != 0) text += (text.empty() ? "" : ",") + values[i];
  append_quoted(out, text);
}

// As the server keeps them: the number of the reference system, then WKB.
void append_geometry(std::string& out, std::string_view bytes) {
  WireReader in(bytes);
  const std::uint32_t system = in.u32();
  if (in.bad()) return append_base64(out, bytes);
  fmt::format_to(std::back_inserter(out), R"({{"srid":{},"wkb":)", system);
  append_base64(out, in.rest());
  out += '}';
}

class NullHandler {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  using error = boost::json::error_code;
  using view = boost::json::string_view;
  bool on_document_begin(error&) { return true; }
  bool on_document_end(error&) { return true; }
  bool on_array_begin(error&) { return true; }
  bool on_array_end(std::size_t, error&) { return true; }
  bool on_object_begin(error&) { return true; }
  bool on_object_end(std::size_t, error&) { return true; }
  bool on_string_part(view, std::size_t, error&) { return true; }
  bool on_string(view, std::size_t, error&) { return true; }
  bool on_key_part(view, std::size_t, error&) { return true; }
  bool on_key(view, std::size_t, error&) { return true; }
  bool on_number_part(view, error&) { return true; }
  bool on_int64(std::int64_t, view, error&) { return true; }
  bool on_uint64(std::uint64_t, view, error&) { return true; }
  bool on_double(double, view, error&) { return true; }
  bool on_bool(bool, error&) { return true; }
  bool on_null(error&) { return true; }
  bool on_comment_part(view, error&) { return true; }
  bool on_comment(view, error&) { return true; }
};

// MariaDB's check can be switched off, and its JSON is not as strict as ours: what is no JSON
// becomes a text.
void append_json_text(std::string& out, std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = 100;
  boost::json::basic_parser<NullHandler> parser(options);
  boost::json::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  const bool good =
      !error && parser.done() && text.find_first_not_of(" \t\r\n", read) == std::string_view::npos;
  if (good)
    out += text;
  else
    append_quoted(out, text);
}

void append_text(std::string& out, std::string_view bytes, const Column& column,
                 std::string& scratch) {
  const std::string_view text = column.charset ? column.charset->to_utf8(bytes, scratch) : bytes;
  if (column.type.kind == Kind::json)
    append_json_text(out, text);
  else
    append_quoted(out, text);
}

void append_json(std::string& out, std::string_view bytes, const Column& column,
                 std::string& scratch) {
  if (column.wire.type != WireType::json) return append_text(out, bytes, column, scratch);
  const std::size_t start = out.size();
  if (append_json_binary(out, bytes)) return;
  out.resize(start);
  append_base64(out, bytes);
}

void append_number(std::string& out, std::string_view bytes, Kind kind) {
  if (kind == Kind::floating && bytes.size() == 4)
    append_float(out, std::bit_cast<float>(static_cast<std::uint32_t>(little_endian(bytes))));
  else if (bytes.size() == 8)
    append_double(out, std::bit_cast<double>(little_endian(bytes)));
  else
    append_base64(out, bytes);
}

bool is_compressed(WireType type) {
  return type == WireType::blob_compressed || type == WireType::varchar_compressed;
}

void append_plain(std::string& out, std::string_view bytes, const Column& column, Decimals decimals,
                  std::string& scratch) {
  switch (column.type.kind) {
    case Kind::integer:
      return append_integer(out, bytes, column.type.is_unsigned);
    case Kind::floating:
    case Kind::double_:
      return append_number(out, bytes, column.type.kind);
    case Kind::decimal:
      return append_decimal_value(out, bytes, column, decimals);
    case Kind::text:
      return append_text(out, bytes, column, scratch);
    case Kind::json:
      return append_json(out, bytes, column, scratch);
    case Kind::binary:
    case Kind::vector:
      return append_binary(out, bytes, column);
    case Kind::date:
    case Kind::time:
    case Kind::datetime:
    case Kind::timestamp:
      return append_time_value(out, bytes, column.wire);
    case Kind::year:
      return append_year(out, little_endian(bytes));
    case Kind::bit:
      fmt::format_to(std::back_inserter(out), "{}", big_endian(bytes));
      return;
    case Kind::enumeration:
      return append_enum(out, little_endian(bytes), column.type.values);
    case Kind::set:
      return append_set(out, little_endian(bytes), column.type.values);
    case Kind::geometry:
      return append_geometry(out, bytes);
    case Kind::inet4:
    case Kind::inet6:
      return append_quoted(out, inet_text(bytes, column.type.kind == Kind::inet4 ? 4 : 16));
    case Kind::uuid:
      return append_quoted(out, uuid_text(bytes));
  }
}

// "2026-11-28 10:00:00.5" as the log's values are written.
void append_selected_time(std::string& out, std::string_view text, Kind kind) {
  const std::size_t start = out.size() + 1;
  append_quoted(out, text);
  if (const std::size_t space = out.find(' ', start); space != std::string::npos) out[space] = 'T';
  if (kind == Kind::timestamp) out.replace(out.size() - 1, 1, "Z\"");
}

// ZEROFILL shows zeros that JSON does not have.
std::string_view without_zeros(std::string_view text) {
  while (text.size() > 1 && text[0] == '0' && text[1] != '.') text.remove_prefix(1);
  return text;
}

template <typename Number>
void append_selected_number(std::string& out, std::string_view text,
                            void (*append)(std::string&, Number)) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size())
    append(out, value);
  else
    append_quoted(out, text);
}

}  // namespace

void append_value(std::string& out, std::string_view bytes, const Column& column, Decimals decimals,
                  std::string& scratch) {
  if (!is_compressed(column.wire.type)) return append_plain(out, bytes, column, decimals, scratch);
  std::string plain;
  if (!uncompress_column(bytes, plain)) return append_base64(out, bytes);
  append_plain(out, plain, column, decimals, scratch);
}

void append_selected(std::string& out, std::string_view text, const Column& column,
                     Decimals decimals) {
  switch (column.type.kind) {
    case Kind::integer:
      out += without_zeros(text);
      return;
    case Kind::year:
      append_selected_number<std::uint64_t>(
          out, text, [](std::string& to, std::uint64_t year) { to += fmt::to_string(year); });
      return;
    case Kind::floating:
      return append_selected_number<float>(out, text, append_float);
    case Kind::double_:
      return append_selected_number<double>(out, text, append_double);
    case Kind::decimal:
      if (decimals == Decimals::number)
        out += without_zeros(text);
      else
        append_quoted(out, without_zeros(text));
      return;
    case Kind::json:
      return append_json_text(out, text);
    case Kind::binary:
    case Kind::vector:
      return append_base64(out, text);
    case Kind::geometry:
      return append_geometry(out, text);
    case Kind::bit:
      fmt::format_to(std::back_inserter(out), "{}", big_endian(text));
      return;
    case Kind::date:
    case Kind::datetime:
    case Kind::timestamp:
      return append_selected_time(out, text, column.type.kind);
    case Kind::text:
    case Kind::time:
    case Kind::enumeration:
    case Kind::set:
    case Kind::inet4:
    case Kind::inet6:
    case Kind::uuid:
      return append_quoted(out, text);
  }
}

}  // namespace pelton::mysql
