// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace pelton::observe {

// Writes to standard error, unbuffered. What cannot be written is lost, and nothing else follows
// from it: a full disk or a reader that has gone neither throws, nor raises SIGPIPE, nor changes
// how the process ends. From any thread.
void write_standard_error(std::string_view text);

}  // namespace pelton::observe
