// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/app.h"
#include "engine/cli/standard_descriptors.h"

int main(int argc, char** argv) {
  pelton::cli::open_standard_descriptors();
  return pelton::cli::run_command_line(argc, argv);
}
