// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/schema/codec.h"

#include <string_view>

namespace pelton::http {

// E7074: the data is no JSON or does not match the schema, and where. Null: anything does. Any
// thread.
Status check_data(const schema::Codec* schema, std::string_view data);

}  // namespace pelton::http
