// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <string>

namespace pelton {

// Prints the sentence with its place to stderr and aborts.
[[noreturn]] void ensure_failed(const char* file, int line, const char* condition,
                                const std::string& sentence);

}  // namespace pelton

// ENSURE(cond, "sentence with {}", value): a programmer's promise, checked in release builds as
// well.
#define ENSURE(condition, ...)                                                           \
  do {                                                                                   \
    if (!(condition)) [[unlikely]]                                                       \
      ::pelton::ensure_failed(__FILE__, __LINE__, #condition, fmt::format(__VA_ARGS__)); \
  } while (false)
