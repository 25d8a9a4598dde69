// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/yaml/place.h"

#include <filesystem>
#include <string>

namespace pelton::config {

template <typename Struct>
class Fields;

// Value. How a listener encrypts its connections. The members' initialisers are the defaults.
struct ListenerTls {
  std::filesystem::path certificate;  // PEM, the server's first
  std::filesystem::path key;
  std::string key_password;
  std::filesystem::path client_ca;  // empty: clients need no certificate
  Place place;                      // of `certificate`
};

// The section `tls` of a listener. Files must exist (E1008).
Fields<ListenerTls> listener_tls_fields();

}  // namespace pelton::config
