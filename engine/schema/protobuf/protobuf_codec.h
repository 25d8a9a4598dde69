// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/schema/codec.h"

#include <string>

namespace pelton::schema::protobuf {

// Values become JSON by Protobuf's own mapping (proto3 JSON). `message` is the full name of what
// encode() writes; empty: the first message. invalid (E6162): no valid schema, or it has no such
// message.
Result<std::unique_ptr<const Codec>> compile(const Source& source, const std::string& message);

}  // namespace pelton::schema::protobuf
