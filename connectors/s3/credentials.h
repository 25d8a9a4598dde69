// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <functional>
#include <optional>
#include <string>

namespace pelton::s3 {

// Values. Whose requests are signed.
struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // empty: they do not expire
};
// What the config file says of them; empty: nothing.
struct CredentialOptions {
  std::string access_key, secret_key, session_token;
  std::string profile;  // of the shared credentials file
};

// A variable of the environment; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;
std::optional<std::string> process_environment(const char* name);

// The first of: the options' own keys; AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
// AWS_SESSION_TOKEN, unless the options name a profile; the shared credentials file
// (AWS_SHARED_CREDENTIALS_FILE, ~/.aws/credentials; AWS_PROFILE). E7202, invalid: none has any.
Result<Credentials> find_credentials(const CredentialOptions& options,
                                     const Environment& environment);

}  // namespace pelton::s3
