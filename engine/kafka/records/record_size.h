// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/options.h"
#include "engine/kafka/records/raw_record.h"
#include "engine/model/batch.h"

#include <cstddef>
#include <cstdint>

namespace pelton::kafka {

// The bytes of a record batch (format version 2, not compressed) that holds one record only: what
// brokers compare with the topic's max.message.bytes.
std::uint64_t record_batch_bytes(const RawRecord& record);
// Of event i, as record_writer.h writes it.
std::uint64_t record_batch_bytes(ContentMode mode, const model::Batch& batch, std::size_t i);
// Not less than that, at the cost of a few additions.
std::uint64_t record_batch_bound(ContentMode mode, const model::Batch& batch, std::size_t i);

}  // namespace pelton::kafka
