// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/postgres/pgoutput.h"

#include <string>
#include <string_view>

namespace pelton::postgres {

// Reads a line of COPY ... TO STDOUT, text format, with or without its newline. The row's views
// point into the line or into `unescaped`, whose contents are replaced.
void read_copy_line(std::string_view line, Row& row, std::string& unescaped);

}  // namespace pelton::postgres
