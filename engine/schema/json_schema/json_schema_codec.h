// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/schema/codec.h"

namespace pelton::schema::json_schema {

// JSON Schema, drafts 4 to 7. Records are JSON already: decode() only checks that they are;
// encode() checks them against the schema, which has to be writable() for that: a valid one that
// refers to nothing but its references. invalid (E6162): the schema is no JSON.
Result<std::unique_ptr<const Codec>> compile(const Source& source);

}  // namespace pelton::schema::json_schema
