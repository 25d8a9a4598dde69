// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/database.h"

#include <string>
#include <string_view>

// The numbers of streams and bindings, kept in the meta family: given once, never changed, never
// given again.
namespace pelton::store::names {

// E4103: the stream exists with more partitions.
Result<StreamId> stream(Database& database, std::string_view name, std::uint32_t partitions);
Result<BindingId> binding(Database& database, std::string_view name);
// Where a partition's bounds are kept.
std::string bounds_key(model::StreamPartition at);

}  // namespace pelton::store::names
