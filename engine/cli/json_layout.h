// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>

#include <string>

namespace pelton::cli {

// JSON for people: a member or element a line, indented by two spaces; without an end of line.
std::string laid_out(const boost::json::value& value);

}  // namespace pelton::cli
