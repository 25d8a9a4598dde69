// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// libFuzzer's entry: one input. What is wrong ends the process.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace pelton::fuzz {

// What the driver changes: inputs that reach deep. Each target has its own.
std::vector<std::string> seeds();

}  // namespace pelton::fuzz
