// SPDX-License-Identifier: Apache-2.0
#include "engine/base/base64.h"

#include <boost/beast/core/detail/base64.hpp>

namespace pelton {

namespace base64 = boost::beast::detail::base64;

std::string to_base64(std::string_view bytes) {
  std::string text(base64::encoded_size(bytes.size()), '\0');
  text.resize(base64::encode(text.data(), bytes.data(), bytes.size()));
  return text;
}

bool from_base64(std::string_view text, std::string& bytes) {
  bytes.resize(base64::decoded_size(text.size() + 3));
  const auto [written, read] = base64::decode(bytes.data(), text.data(), text.size());
  bytes.resize(written);
  const std::string_view padding = text.substr(read);
  const std::size_t rest = read % 4;
  return (padding.empty() && rest != 1) || (padding == "=" && rest == 3) ||
         (padding == "==" && rest == 2);
}

}  // namespace pelton
