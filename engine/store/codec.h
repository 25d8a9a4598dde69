// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/records.h"

#include <string>
#include <string_view>

// Stored values: the messages of proto/pelton/v1/record.proto. Decoding fails with kind corrupt,
// code E4001.
namespace pelton::store::codec {

std::string encode(const Cursor& cursor);
Result<Cursor> decode_cursor(std::string_view bytes);

std::string encode(const RetryState& state);
Result<RetryState> decode_retry(std::string_view bytes);

std::string encode(const DeadLetter& letter);
// `id` comes from the key.
Result<DeadLetter> decode_dead_letter(const DeadLetterId& id, std::string_view bytes);

std::string encode(const IdempotencyRecord& record);
Result<IdempotencyRecord> decode_idempotency(std::string_view bytes);

}  // namespace pelton::store::codec
