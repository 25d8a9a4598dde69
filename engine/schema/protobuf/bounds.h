// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace google::protobuf {
class FileDescriptorProto;
}

// What keeps hostile schemas small. The library bounds neither what it keeps of a text (places of
// all that is nested in all else) nor how long the full names of a file become, and compares some
// parts with one another.
namespace pelton::schema::protobuf {

// Of a .proto text, before it is parsed. False: it is nested more than kMostDepth deep.
bool nested_little(std::string_view text);

// Of a file, before it is built. What is too much; nothing: all is well.
std::optional<std::string> too_much(const google::protobuf::FileDescriptorProto& file);

}  // namespace pelton::schema::protobuf
