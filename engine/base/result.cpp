// SPDX-License-Identifier: Apache-2.0
#include "engine/base/result.h"

#include <system_error>

namespace pelton {

const char* to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::overloaded:
      return "overloaded";
    case ErrorKind::corrupt:
      return "corrupt";
    case ErrorKind::cancelled:
      return "cancelled";
  }
  return "unknown";
}

Error Error::within(std::string_view context) && {
  message = fmt::format("{}: {}", context, message);
  return std::move(*this);
}

std::string Error::text() const {
  return code.empty() ? message : fmt::format("{}: {}", code, message);
}

std::unexpected<Error> fail_errno(std::string_view code, std::string_view what, int error_number) {
  return fail(ErrorKind::unavailable, code, "{}: {}", what,
              std::generic_category().message(error_number));
}

}  // namespace pelton
