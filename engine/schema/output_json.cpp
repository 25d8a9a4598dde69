// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/output_json.h"

#include "engine/schema/codec.h"

#include <boost/json/stream_parser.hpp>

namespace pelton::schema {

Result<boost::json::value> parse_output(std::string_view json) {
  boost::system::error_code error;
  boost::json::parse_options options;
  options.max_depth = 2 * kMostDepth;
  boost::json::stream_parser parser({}, options);
  const std::size_t read = parser.write(json, error);
  if (!error) parser.finish(error);
  if (error)
    return fail(ErrorKind::invalid, "E6165", "the output is not JSON: {} at byte {}",
                error.message(), read);
  return parser.release();
}

}  // namespace pelton::schema
