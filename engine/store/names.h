// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/changes.h"

#include <string>
#include <string_view>
#include <vector>

// The numbers of streams and bindings, kept in the meta family: given once, never changed, never
// given again.
namespace pelton::store::names {

// E4103: the stream exists with more partitions.
Result<StreamId> stream(Database& database, const WriteChanges& write, std::string_view name,
                        std::uint32_t partitions);
Result<BindingId> binding(Database& database, const WriteChanges& write, std::string_view name);
// The partitions of all streams that were ever in the config.
Result<std::vector<model::StreamPartition>> all_partitions(Database& database);
// Where a partition's bounds are kept.
std::string bounds_key(model::StreamPartition at);

}  // namespace pelton::store::names
