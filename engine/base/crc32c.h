// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace pelton {

// CRC-32C (Castagnoli), as in RFC 3720: the checksum of everything in the log. By the processor's
// own instruction where it has one. `crc` continues over what came before:
// crc32c(b, crc32c(a)) == crc32c(a + b).
std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace pelton
