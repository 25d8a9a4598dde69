// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/protobuf/wire_check.h"

#include "engine/base/utf8.h"
#include "engine/schema/codec.h"

#include <google/protobuf/descriptor.h>

#include <cstdint>

namespace pelton::schema::protobuf {
namespace {

namespace pb = google::protobuf;

enum Wire : unsigned { number = 0, fixed64 = 1, sized = 2, group = 3, group_end = 4, fixed32 = 5 };

// Moves on through the bytes. One use.
class WireReader {
 public:
  explicit WireReader(std::string_view in) : in_(in) {}

  // `message` is null inside what is not known. `end`: the tag that ends a group; 0: the bytes do.
  bool message(const pb::Descriptor* message, std::uint32_t end, int depth) {
    if (depth > kMostDepth) return false;
    while (!in_.empty()) {
      std::uint64_t tag = 0;
      if (!varint(tag) || tag > UINT32_MAX || tag >> 3 == 0) return false;
      if (end != 0 && tag == end) return true;
      if (!field(message, static_cast<std::uint32_t>(tag), depth)) return false;
    }
    return end == 0;
  }

 private:
  bool field(const pb::Descriptor* message, std::uint32_t tag, int depth) {
    const auto index = static_cast<int>(tag >> 3);
    const pb::FieldDescriptor* known =
        message == nullptr ? nullptr : message->FindFieldByNumber(index);
    std::uint64_t ignored = 0;
    switch (tag & 7U) {
      case Wire::number:
        return varint(ignored);
      case Wire::fixed64:
        return skip(8);
      case Wire::fixed32:
        return skip(4);
      case Wire::sized:
        return value(known, depth);
      case Wire::group: {
        const bool is_group = known != nullptr && known->type() == pb::FieldDescriptor::TYPE_GROUP;
        return this->message(is_group ? known->message_type() : nullptr, (tag & ~7U) | group_end,
                             depth + 1);
      }
      default:
        return false;
    }
  }

  bool value(const pb::FieldDescriptor* known, int depth) {
    std::uint64_t size = 0;
    if (!varint(size) || size > in_.size()) return false;
    const std::string_view bytes = in_.substr(0, size);
    in_.remove_prefix(size);
    if (known == nullptr) return true;
    switch (known->type()) {
      case pb::FieldDescriptor::TYPE_MESSAGE:
        return WireReader(bytes).message(known->message_type(), 0, depth + 1);
      case pb::FieldDescriptor::TYPE_STRING:
        return known->file()->syntax() != pb::FileDescriptor::SYNTAX_PROTO3 || is_utf8(bytes);
      default:
        return !known->is_packable() || WireReader(bytes).packed(known->type());
    }
  }

  bool packed(pb::FieldDescriptor::Type type) {
    using Field = pb::FieldDescriptor;
    if (type == Field::TYPE_FIXED64 || type == Field::TYPE_SFIXED64 || type == Field::TYPE_DOUBLE)
      return in_.size() % 8 == 0;
    if (type == Field::TYPE_FIXED32 || type == Field::TYPE_SFIXED32 || type == Field::TYPE_FLOAT)
      return in_.size() % 4 == 0;
    std::uint64_t ignored = 0;
    while (!in_.empty())
      if (!varint(ignored)) return false;
    return true;
  }

  bool varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 70 && !in_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(in_.front());
      in_.remove_prefix(1);
      if (shift < 64) value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if ((byte & 0x80U) == 0) return true;
    }
    return false;
  }

  bool skip(std::size_t size) {
    if (size > in_.size()) return false;
    in_.remove_prefix(size);
    return true;
  }

  std::string_view in_;
};

}  // namespace

bool well_formed(std::string_view bytes, const pb::Descriptor& message) {
  return WireReader(bytes).message(&message, 0, 0);
}

}  // namespace pelton::schema::protobuf
