// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/json_binary.h"

#include "connectors/database/json_text.h"
#include "connectors/mysql/number_text.h"
#include "connectors/mysql/time_text.h"
#include "connectors/mysql/wire.h"
#include "engine/base/base64.h"

#include <fmt/format.h>

#include <bit>
#include <iterator>

namespace pelton::mysql {
namespace {

using database::append_quoted;

constexpr int kDeepest = 100;  // the server's limit

// What a value's first byte, or its entry in an object or array, says.
enum JsonKind : std::uint8_t {
  kSmallObject = 0,
  kLargeObject = 1,
  kSmallArray = 2,
  kLargeArray = 3,
  kLiteral = 4,
  kInt16 = 5,
  kUint16 = 6,
  kInt32 = 7,
  kUint32 = 8,
  kInt64 = 9,
  kUint64 = 10,
  kDouble = 11,
  kString = 12,
  kOpaque = 15,
};

// Types of opaque values: those of columns.
constexpr std::uint8_t kTimestamp = 7, kDate = 10, kTime = 11, kDatetime = 12, kDecimal = 246;

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  bool value(std::uint8_t kind, std::string_view bytes, int depth) {
    switch (kind) {
      case kSmallObject:
      case kSmallArray:
        return container(kind == kSmallObject, 2, bytes, depth);
      case kLargeObject:
      case kLargeArray:
        return container(kind == kLargeObject, 4, bytes, depth);
      case kString:
        return string(bytes);
      case kOpaque:
        return opaque(bytes);
      default:
        return scalar(kind, bytes);
    }
  }

 private:
  // Whether a value is so small that it lies in its entry.
  static bool is_inline(std::uint8_t kind, std::size_t width) {
    return kind == kLiteral || kind == kInt16 || kind == kUint16 ||
           (width == 4 && (kind == kInt32 || kind == kUint32));
  }

  // Offsets count from the beginning of the container.
  bool container(bool object, std::size_t width, std::string_view bytes, int depth) {
    WireReader head(bytes);
    const std::uint64_t count = head.number(width);
    const std::uint64_t size = head.number(width);
    const std::size_t key_entry = object ? width + 2 : 0;
    if (head.bad() || depth >= kDeepest || size > bytes.size() ||
        count * (key_entry + 1 + width) > head.left())
      return false;
    const std::string_view all = bytes.substr(0, static_cast<std::size_t>(size));
    WireReader keys(head.bytes(static_cast<std::size_t>(count) * key_entry));
    out_ += object ? '{' : '[';
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i > 0) out_ += ',';
      if (object && !key(keys, width, all)) return false;
      if (!entry(head, width, all, depth)) return false;
    }
    out_ += object ? '}' : ']';
    return true;
  }

  bool key(WireReader& keys, std::size_t width, std::string_view all) {
    const std::uint64_t at = keys.number(width);
    const std::uint16_t size = keys.u16();
    if (at > all.size() || size > all.size() - at) return false;
    append_quoted(out_, all.substr(static_cast<std::size_t>(at), size));
    out_ += ':';
    return true;
  }

  bool entry(WireReader& entries, std::size_t width, std::string_view all, int depth) {
    const std::uint8_t kind = entries.u8();
    const std::string_view bytes = entries.bytes(width);
    if (entries.bad()) return false;
    if (is_inline(kind, width)) return value(kind, bytes, depth + 1);
    const std::uint64_t at = little_endian(bytes);
    // A value lies behind the entries that lead to it, so none contains itself.
    if (at >= all.size() || at < 2 * width) return false;
    return value(kind, all.substr(static_cast<std::size_t>(at)), depth + 1);
  }

  bool scalar(std::uint8_t kind, std::string_view bytes) {
    WireReader in(bytes);
    switch (kind) {
      case kLiteral:
        return literal(in.u8());
      case kInt16:
        return number(in, static_cast<std::int16_t>(in.u16()));
      case kUint16:
        return number(in, in.u16());
      case kInt32:
        return number(in, static_cast<std::int32_t>(in.u32()));
      case kUint32:
        return number(in, in.u32());
      case kInt64:
        return number(in, static_cast<std::int64_t>(in.u64()));
      case kUint64:
        return number(in, in.u64());
      case kDouble:
        append_double(out_, std::bit_cast<double>(in.u64()));
        return !in.bad();
      default:
        return false;
    }
  }

  template <typename Number>
  bool number(const WireReader& in, Number value) {
    fmt::format_to(std::back_inserter(out_), "{}", value);
    return !in.bad();
  }

  bool literal(std::uint8_t which) {
    if (which > 2) return false;
    out_ += which == 0 ? "null" : which == 1 ? "true" : "false";
    return true;
  }

  // A length of seven bits a byte, lowest first.
  static bool sized(WireReader& in, std::string_view& out) {
    std::uint64_t size = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      const std::uint8_t byte = in.u8();
      size |= std::uint64_t{byte & 0x7FU} << shift;
      if ((byte & 0x80U) != 0) continue;
      if (size > in.left()) return false;
      out = in.bytes(static_cast<std::size_t>(size));
      return !in.bad();
    }
    return false;
  }

  bool string(std::string_view bytes) {
    WireReader in(bytes);
    std::string_view text;
    if (!sized(in, text)) return false;
    append_quoted(out_, text);
    return true;
  }

  bool opaque(std::string_view bytes) {
    WireReader in(bytes);
    const std::uint8_t type = in.u8();
    std::string_view value;
    if (!sized(in, value)) return false;
    if (type == kDecimal) return decimal(value);
    if (value.size() == 8 &&
        (type == kTime || type == kDate || type == kDatetime || type == kTimestamp)) {
      const auto packed = static_cast<std::int64_t>(little_endian(value));
      out_ += '"';
      if (type == kTime)
        append_packed_time(out_, packed);
      else
        append_packed_datetime(out_, packed, type == kDate);
      out_ += '"';
      return true;
    }
    append_quoted(out_, to_base64(value));
    return true;
  }

  bool decimal(std::string_view value) {
    if (value.size() < 2) return false;
    const auto precision = static_cast<std::uint8_t>(value[0]);
    const auto scale = static_cast<std::uint8_t>(value[1]);
    return append_decimal(out_, value.substr(2), precision, scale);
  }

  std::string& out_;
};

}  // namespace

bool append_json_binary(std::string& out, std::string_view document) {
  // A document that was never set.
  if (document.empty()) {
    out += "null";
    return true;
  }
  return Writer(out).value(static_cast<std::uint8_t>(document.front()), document.substr(1), 0);
}

}  // namespace pelton::mysql
