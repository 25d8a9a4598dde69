// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/schema/codec.h"

namespace pelton::schema::avro {

// invalid (E6162): no valid schema.
Result<std::unique_ptr<const Codec>> compile(const Source& source);

}  // namespace pelton::schema::avro
