// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/observe/standard_error.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string_view>

// Standard output and standard error. A command whose output does not arrive has failed, whatever
// it did: an export that is followed by a purge would lose dead letters.
namespace pelton::cli {

// Standard output takes no more: "cannot write to standard output: No space left on device". Ends
// the command; run_command_line() reports it. An exception, since no command has anything else to
// do then and each prints in many places.
class OutputFailed : public std::runtime_error {
  using runtime_error::runtime_error;
};

// Throws OutputFailed.
void write_out(std::string_view text);
// Until it is with the reader: at the end, and before anything is written to standard error that
// has to come behind it. Throws OutputFailed.
void flush_out();

template <typename... Values>
void print(fmt::format_string<Values...> format, Values&&... values) {
  write_out(fmt::format(format, std::forward<Values>(values)...));
}

// To standard error: messages. One that cannot be written is lost and changes nothing else.
template <typename... Values>
void note(fmt::format_string<Values...> format, Values&&... values) {
  observe::write_standard_error(fmt::format(format, std::forward<Values>(values)...));
}

}  // namespace pelton::cli
