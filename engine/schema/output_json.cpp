// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/output_json.h"

#include "engine/schema/codec.h"

#include <boost/json/parse.hpp>

namespace pelton::schema {

Result<boost::json::value> parse_output(std::string_view json) {
  boost::system::error_code error;
  boost::json::parse_options options;
  options.max_depth = 2 * kMostDepth;
  auto value = boost::json::parse(json, error, {}, options);
  if (error)
    return fail(ErrorKind::invalid, "E6165", "the output is not JSON: {}", error.message());
  return value;
}

}  // namespace pelton::schema
