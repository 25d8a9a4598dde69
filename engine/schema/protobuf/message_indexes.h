// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::schema::protobuf {

// Which message of a file a record is: its index among the file's messages, then among the messages
// that are nested in that one, and so on; as varints with zigzag encoding, their count first. A
// single 0 stands for the file's first message.

// Takes them off the front of the bytes. Nothing: they are cut short, negative, or more than
// anything can be nested.
std::optional<std::vector<int>> take_indexes(std::string_view& bytes);
void append_indexes(std::string& out, const std::vector<int>& indexes);

}  // namespace pelton::schema::protobuf
