// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin/metering.h"

#include <string>
#include <vector>

namespace pelton::http {

// {"usage":[...]}, as docs/admin_api.md describes it.
std::string to_json(const std::vector<UsageRow>& rows);

}  // namespace pelton::http
