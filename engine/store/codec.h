// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/records.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Stored values: the messages of proto/pelton/v1/record.proto. Decoding fails with kind corrupt,
// code E4001.
namespace pelton::store::codec {

std::string encode(const model::Progress& cursor);
Result<model::Progress> decode_cursor(std::string_view bytes);
// The encoding of what is stored, if anything, and what was added to it since. Nothing: one of them
// is damaged.
std::optional<std::string> joined_cursors(std::span<const std::string_view> encoded);

std::string encode(const model::RetryState& state);
// Also of encodings one behind the other: the values of the last, the attempts of all.
Result<model::RetryState> decode_retry(std::string_view bytes);
// The encoding of both together; one that has become long keeps what a history may have.
std::string joined_retries(std::string_view stored, std::string_view update);

std::string encode(const model::DeadLetter& letter);
// `id` comes from the key.
Result<model::DeadLetter> decode_dead_letter(const model::DeadLetterId& id, std::string_view bytes);

std::string encode(std::span<const Hash128> fingerprints);
Result<std::vector<Hash128>> decode_fingerprints(std::string_view bytes);

}  // namespace pelton::store::codec
