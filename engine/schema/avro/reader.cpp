// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/avro/reader.h"

#include "engine/base/base64.h"
#include "engine/base/utf8.h"
#include "engine/schema/avro/logical.h"
#include "engine/schema/codec.h"
#include "engine/schema/json_text.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>

namespace pelton::schema::avro {
namespace {

template <typename Number, typename Bits>
Number little_endian(std::string_view bytes) {
  Bits bits = 0;
  std::memcpy(&bits, bytes.data(), sizeof bits);
  static_assert(std::endian::native == std::endian::little);
  return std::bit_cast<Number>(bits);
}

void append_integer(std::string& out, std::int64_t value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

}  // namespace

template <typename... Args>
bool Reader::bad(fmt::format_string<Args...> sentence, Args&&... args) {
  if (fault_.empty())
    fault_ =
        fmt::format("{}: {}", path_.text(), fmt::format(sentence, std::forward<Args>(args)...));
  return false;
}

Status Reader::read(const Node& root) {
  if (value(root) && !in_.empty()) bad("{} bytes are left behind the value", in_.size());
  if (fault_.empty()) return {};
  return fail(ErrorKind::invalid, "E6163", "the record does not fit its Avro schema at {}", fault_);
}

bool Reader::room() {
  return out_.size() - begin_ <= kMostJson ||
         bad("it becomes more than {} bytes of JSON", kMostJson);
}

bool Reader::take(std::size_t size, std::string_view& bytes) {
  if (size > in_.size()) return bad("{} bytes are expected and {} are left", size, in_.size());
  bytes = in_.substr(0, size);
  in_.remove_prefix(size);
  return true;
}

bool Reader::varint(std::int64_t& value) {
  std::uint64_t bits = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (in_.empty()) return bad("a number ends in the middle");
    const auto byte = static_cast<unsigned char>(in_.front());
    in_.remove_prefix(1);
    if (shift == 63 && byte > 1) return bad("a number has more than 64 bits");
    bits |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) {
      value = static_cast<std::int64_t>(bits >> 1) ^ -static_cast<std::int64_t>(bits & 1U);
      return true;
    }
  }
  return bad("a number has more than 64 bits");
}

bool Reader::length(std::string_view& bytes) {
  std::int64_t size = 0;
  if (!varint(size)) return false;
  if (size < 0) return bad("a length is negative ({})", size);
  return take(static_cast<std::size_t>(size), bytes);
}

bool Reader::value(const Node& node) {
  if (path_.depth() > kMostDepth) return bad("it is nested more than {} deep", kMostDepth);
  if (!room()) return false;
  switch (node.type) {
    case Type::null:
      out_ += "null";
      return true;
    case Type::boolean:
      return boolean();
    case Type::int_:
    case Type::long_:
      return number(node);
    case Type::float_:
    case Type::double_:
      return floating(node);
    case Type::string:
      return string();
    case Type::bytes: {
      std::int64_t size = 0;
      if (!varint(size)) return false;
      if (size < 0) return bad("a length is negative ({})", size);
      return binary(node, static_cast<std::size_t>(size));
    }
    case Type::fixed:
      return node.logical == Logical::duration ? duration() : binary(node, node.size);
    case Type::enum_:
      return enumeration(node);
    case Type::record:
      return record(node);
    case Type::array:
      return array(node);
    case Type::map:
      return map(node);
    case Type::union_:
      return union_of(node);
  }
  return false;
}

bool Reader::boolean() {
  std::string_view byte;
  if (!take(1, byte)) return false;
  if (byte[0] != 0 && byte[0] != 1) return bad("a boolean is neither 0 nor 1");
  out_ += byte[0] == 0 ? "false" : "true";
  return true;
}

bool Reader::number(const Node& node) {
  std::int64_t value = 0;
  if (!varint(value)) return false;
  if (node.type == Type::int_ && (value < INT32_MIN || value > INT32_MAX))
    return bad("{} is no int", value);
  if (node.logical != Logical::none)
    if (const auto text = time_text(node.logical, value)) {
      ((out_ += '"') += *text) += '"';
      return true;
    }
  append_integer(out_, value);
  return true;
}

bool Reader::floating(const Node& node) {
  std::string_view bytes;
  if (!take(node.type == Type::float_ ? 4 : 8, bytes)) return false;
  if (node.type == Type::float_)
    append_number(out_, little_endian<float, std::uint32_t>(bytes));
  else
    append_number(out_, little_endian<double, std::uint64_t>(bytes));
  return true;
}

bool Reader::string() {
  std::string_view bytes;
  if (!length(bytes)) return false;
  if (!is_utf8(bytes)) return bad("a string is not UTF-8");
  append_quoted(out_, bytes);
  return true;
}

bool Reader::binary(const Node& node, std::size_t size) {
  std::string_view bytes;
  if (!take(size, bytes)) return false;
  if (node.logical == Logical::decimal) {
    const auto text = decimal_text(bytes, node.scale);
    if (!text) return bad("a decimal has more than 1,000 digits");
    ((out_ += '"') += *text) += '"';
    return true;
  }
  return base64(bytes);
}

bool Reader::base64(std::string_view bytes) {
  ((out_ += '"') += to_base64(bytes)) += '"';
  return true;
}

bool Reader::duration() {
  std::string_view bytes;
  if (!take(12, bytes)) return false;
  const auto part = [&](std::size_t at) {
    return little_endian<std::uint32_t, std::uint32_t>(bytes.substr(at, 4));
  };
  out_ += fmt::format(R"({{"months":{},"days":{},"milliseconds":{}}})", part(0), part(4), part(8));
  return true;
}

bool Reader::enumeration(const Node& node) {
  std::int64_t index = 0;
  if (!varint(index)) return false;
  if (index < 0 || static_cast<std::uint64_t>(index) >= node.symbols.size())
    return bad("{} has no symbol {}", node.name, index);
  append_quoted(out_, node.symbols[static_cast<std::size_t>(index)]);
  return true;
}

bool Reader::record(const Node& node) {
  out_ += '{';
  for (std::size_t i = 0; i < node.fields.size(); ++i) {
    const Field& field = node.fields[i];
    const Path::Step step(path_, std::string_view(field.name));
    if (i > 0) out_ += ',';
    out_ += field.quoted;
    if (!value(*field.type)) return false;
  }
  out_ += '}';
  return true;
}

bool Reader::union_of(const Node& node) {
  std::int64_t index = 0;
  if (!varint(index)) return false;
  if (index < 0 || static_cast<std::uint64_t>(index) >= node.branches.size())
    return bad("a union has no branch {}", index);
  const Node& branch = *node.branches[static_cast<std::size_t>(index)];
  if (!node.tagged || branch.type == Type::null) return value(branch);
  const Path::Step step(path_, std::string_view(branch.name));
  out_ += '{';
  append_quoted(out_, branch.name);
  out_ += ':';
  if (!value(branch)) return false;
  out_ += '}';
  return true;
}

bool Reader::block(std::uint64_t& items) {
  std::int64_t count = 0;
  if (!varint(count)) return false;
  if (count < 0) {
    std::int64_t size = 0;  // in bytes, for readers that skip
    if (!varint(size)) return false;
    if (count == INT64_MIN) return bad("a block has no count");
    count = -count;
  }
  items = static_cast<std::uint64_t>(count);
  return true;
}

bool Reader::array(const Node& node) {
  out_ += '[';
  std::size_t index = 0;
  for (std::uint64_t count = 0;;) {
    if (!block(count)) return false;
    if (count == 0) break;
    if (!items(node, count, index)) return false;
  }
  out_ += ']';
  return true;
}

bool Reader::items(const Node& node, std::uint64_t count, std::size_t& index) {
  for (; count > 0; --count, ++index) {
    const Path::Step step(path_, index);
    if (index > 0) out_ += ',';
    if (!value(*node.items)) return false;
  }
  return true;
}

bool Reader::map(const Node& node) {
  out_ += '{';
  bool first = true;
  for (std::uint64_t count = 0;;) {
    if (!block(count)) return false;
    if (count == 0) break;
    if (!entries(node, count, first)) return false;
  }
  out_ += '}';
  return true;
}

bool Reader::entries(const Node& node, std::uint64_t count, bool& first) {
  for (; count > 0; --count) {
    std::string_view key;
    if (!length(key)) return false;
    if (!is_utf8(key)) return bad("a key is not UTF-8");
    const Path::Step step(path_, key);
    if (!std::exchange(first, false)) out_ += ',';
    append_quoted(out_, key);
    out_ += ':';
    if (!value(*node.items)) return false;
  }
  return true;
}

}  // namespace pelton::schema::avro
