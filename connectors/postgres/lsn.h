// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pelton::postgres {

// A place in a server's write-ahead log, in bytes. 0 is none.
using Lsn = std::uint64_t;

// As PostgreSQL writes it: "16/B374D848".
std::string lsn_text(Lsn lsn);
std::optional<Lsn> parse_lsn(std::string_view text);

}  // namespace pelton::postgres
