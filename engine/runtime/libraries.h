// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace pelton::runtime {

// The librdkafka that is loaded, which may be newer than that of the build: "2.0.2".
std::string librdkafka_version();

}  // namespace pelton::runtime
