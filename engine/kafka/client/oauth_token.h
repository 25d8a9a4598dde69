// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/result.h"

#include <filesystem>
#include <string>

namespace pelton::kafka {

// Value. A JSON Web Token (RFC 7519) as the SASL mechanism OAUTHBEARER takes it.
struct OauthToken {
  std::string text;
  std::string principal;  // claim "sub"
  WallTime ends{};        // claim "exp"
};

// Reads the token of a file; its signature is the broker's business. invalid (E6103): not there, no
// token, without an end, or ended before `now`.
Result<OauthToken> read_token(const std::filesystem::path& file, WallTime now);

}  // namespace pelton::kafka
