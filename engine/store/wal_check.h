// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <cstdint>
#include <filesystem>

// Tells a write that a power failure cut off from damage to what was synced. RocksDB's recovery
// modes cannot: one refuses both, another silently drops both with all that follows. Here each
// write is synced before the next begins, so only the last record of the newest log can be cut off;
// anything bad that a whole record follows was acknowledged once.
namespace pelton::store::wal {

enum class Condition {
  whole,
  torn,     // ends in a record that never was completed
  damaged,  // a bad record with whole ones behind it
};

// Looks at one log from the block that holds `from` on. Knows RocksDB's format of logs that are not
// recycled: blocks of 32 KiB of fragments (masked crc32c, length, type, payload). E4104: cannot be
// read.
Result<Condition> check_log(const std::filesystem::path& log, std::uint64_t from);

// The last block of every log below `db`, where RocksDB takes any damage for a torn end. Kind
// corrupt (E4001) names the log.
Status check_ends(const std::filesystem::path& db);
// All of every log. True: nothing is wrong but that the newest ends torn, and it may be cut there.
Result<bool> only_torn(const std::filesystem::path& db);

}  // namespace pelton::store::wal
