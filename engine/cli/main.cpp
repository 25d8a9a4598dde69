// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/app.h"

int main(int argc, char** argv) {
  return pelton::cli::run_command_line(argc, argv);
}
