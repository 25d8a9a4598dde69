// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace google::protobuf {
class Descriptor;
}

namespace pelton::schema::protobuf {

// Whether the bytes are that message in Protobuf's wire format: nothing is cut short, lengths and
// groups fit, texts of proto3 are UTF-8, and nothing is nested more than kMostDepth deep. Nothing
// is built: the empty items of a list take two bytes each and would become whole messages. Fields
// that the message does not have are passed over.
bool well_formed(std::string_view bytes, const google::protobuf::Descriptor& message);

}  // namespace pelton::schema::protobuf
