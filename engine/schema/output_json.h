// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <boost/json/value.hpp>

#include <string_view>

namespace pelton::schema {

// The data of an output that is to be encoded. invalid (E6165): it is no JSON.
Result<boost::json::value> parse_output(std::string_view json);

}  // namespace pelton::schema
