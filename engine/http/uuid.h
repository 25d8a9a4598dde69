// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace pelton::http {

// A random UUID (version 4) for what nobody has named: a request, an event. Any thread.
std::string new_uuid();

}  // namespace pelton::http
