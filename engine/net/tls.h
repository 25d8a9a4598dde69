// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace pelton::config {
template <typename Struct>
class Fields;
}

namespace pelton::net {

// Value. How a client encrypts its connections. The members' initialisers are the defaults.
struct Tls {
  std::filesystem::path ca, certificate, key;  // empty: the system's authorities; no client key
  std::string key_password;
  bool verify_host = true;
};

// The section `tls` of a client. Files must exist (E1008); a certificate needs its key (E1023).
config::Fields<Tls> tls_fields(std::string sentence);

}  // namespace pelton::net
