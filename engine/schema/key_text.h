// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/schema/codec.h"

#include <string>
#include <string_view>

// Keys as functions see them: JSON, of which a text has no quotes, so that it is the same key as
// one without a schema.
namespace pelton::schema {

// Of a JSON text what is in its quotes; all other JSON stays.
void unquote(std::string& json);

// Appends the encoded key. What looks like an object or a list is that, if the schema has one; all
// else is a text if the schema takes one, otherwise JSON. invalid (E6165): it is neither.
Status encode_key(const Codec& codec, std::string_view key, std::string& out);

}  // namespace pelton::schema
