// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/schema/codec.h"

namespace pelton::schema::json_schema {

// JSON Schema, drafts 4 to 7. Records are JSON already: decode() only checks that they are;
// encode() checks them against the schema. invalid (E6162): no valid schema, or it refers to
// something that is not among its references.
Result<std::unique_ptr<const Codec>> compile(const Source& source);

}  // namespace pelton::schema::json_schema
