// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace pelton::config {

template <typename Struct>
class Fields;

// Whose webhooks they are: how a sender signs what it sends.
enum class SignatureScheme : std::uint8_t { github, gitlab, slack, standard, stripe };

// Value. The signature that requests of a route must have. The members' initialisers are the
// defaults.
struct RequestSignature {
  SignatureScheme scheme = SignatureScheme::standard;
  std::vector<std::string> secrets;  // any one of them; `standard`: the key, no longer its base64
  Duration tolerance{std::chrono::minutes(5)};
};

// The section `signature` of a route.
Fields<RequestSignature> signature_fields();

}  // namespace pelton::config
