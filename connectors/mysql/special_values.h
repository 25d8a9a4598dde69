// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pelton::mysql {

// Values of types that only MariaDB has, as they lie in the log.

// "192.0.2.1", "2001:db8::1". The log leaves out zeros at the end: `size` is the whole.
std::string inet_text(std::string_view bytes, std::size_t size);
// "123e4567-e89b-12d3-a456-426655440000".
std::string uuid_text(std::string_view bytes);
// Of a column that is COMPRESSED. False: it cannot be read.
bool uncompress_column(std::string_view bytes, std::string& out);

}  // namespace pelton::mysql
