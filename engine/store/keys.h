// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/records.h"

#include <string>
#include <string_view>

// The keys of every column family (docs/formats.md): fixed-width big-endian numbers, so that
// RocksDB's order is the order of the numbers. Never change a width or an order.
namespace pelton::store::keys {

void put_u32(std::string& out, std::uint32_t value);
void put_u64(std::string& out, std::uint64_t value);
// Take a number off the front. The caller has checked the length.
std::uint32_t take_u32(std::string_view& in);
std::uint64_t take_u64(std::string_view& in);

// The first key behind all that begin with the prefix; empty: there is none.
std::string behind(std::string_view prefix);

// stream, partition: the prefix of a partition's batches and segments, and the key of its bounds.
std::string partition(model::StreamPartition at);
// stream, partition, base offset.
std::string batch(model::StreamPartition at, Offset base);
inline constexpr std::size_t kBatchKeySize = 16;
Offset batch_base(std::string_view key);

// binding, stream, partition.
std::string cursor(BindingId binding, model::StreamPartition at);
// binding, stream, partition, offset.
std::string retry(BindingId binding, model::StreamPartition at, Offset offset);

// binding, partition, offset, incarnation of the stream.
std::string dead_letter(const model::DeadLetterId& id);
model::DeadLetterId dead_letter_id(std::string_view key);

// binding, microseconds since the epoch, number of the group, which record of the group: written in
// order, read oldest first, dropped in ranges.
std::string idempotency(BindingId binding, WallTime time, std::uint64_t group, std::uint32_t index);
WallTime idempotency_time(std::string_view key);
// Where the records of a binding from `time` on begin.
std::string idempotency_from(BindingId binding, WallTime time);

// connector, NUL, key.
std::string ledger(std::string_view connector, std::string_view key);

}  // namespace pelton::store::keys
