// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/print.h"

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace pelton::cli {
namespace {

[[noreturn]] void give_up(int error) {
  throw OutputFailed("cannot write to standard output: " + std::generic_category().message(error));
}

}  // namespace

void write_out(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) give_up(errno);
}

void flush_out() {
  if (std::fflush(stdout) != 0) give_up(errno);
}

}  // namespace pelton::cli
