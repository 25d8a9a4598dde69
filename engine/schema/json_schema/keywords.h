// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>

#include <optional>
#include <string>

namespace pelton::schema::json_schema {

// What is wrong with the keywords of a schema object, not with those of the schemas within it: a
// value is not what the specification asks for, or a keyword that narrows what is valid is not
// supported. A validator would pass over either, and let in more than the schema's author meant.
std::optional<std::string> fault_of(const boost::json::object& schema);

}  // namespace pelton::schema::json_schema
