// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/net/message.h"

#include <string>
#include <string_view>

namespace pelton::http {

// Whether Accept-Encoding names gzip (or *) and does not rule it out with q=0.
bool accepts_gzip(const net::Request& request);

// In the gzip format.
std::string gzipped(std::string_view text);

}  // namespace pelton::http
