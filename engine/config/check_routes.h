// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "engine/config/kinds.h"
#include "engine/config/yaml/diagnostic.h"

namespace pelton::config {

// A route without `on` is on the listener that is there, if only one is.
void place_routes(Config& config);

// E7061: a route names no listener, or one that does not exist. E7062: two routes of a listener
// take the same requests, or two listeners the same address. E1110, a warning: functions can be
// called from other machines. E5031, a warning: everybody is a trusted proxy.
void check_routes(const Config& config, Diagnostics& problems);

// E7075: the schema of a route cannot be used.
void check_schema(const Route& route, const Kinds& kinds, Diagnostics& problems);

// E5014: the certificate of a listener cannot be used. E5030, a warning: clients refuse it.
void check_certificates(const Listener& listener, const Kinds& kinds, Diagnostics& problems);

}  // namespace pelton::config
