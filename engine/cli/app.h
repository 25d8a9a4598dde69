// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace pelton::cli {

// The whole command line: parses, runs the command, answers the exit code (output.h). What a
// command says goes to standard output, problems to standard error.
int run_command_line(int argc, const char* const* argv);

}  // namespace pelton::cli
