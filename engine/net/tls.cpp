// SPDX-License-Identifier: Apache-2.0
#include "engine/net/tls.h"

#include "engine/config/spec/fields.h"

namespace pelton::net {
namespace {

using config::ReadContext;
using config::Section;

void check_tls(const Section& section, const std::string& prefix, ReadContext& context, Tls& tls) {
  config::require_file(section, prefix + "ca", tls.ca, context);
  config::require_file(section, prefix + "certificate", tls.certificate, context);
  config::require_file(section, prefix + "key", tls.key, context);
  if (tls.certificate.empty() != tls.key.empty())
    context.problems.error(
        section.place(config::section_of(prefix)), "E1023",
        fmt::format("{}: `tls.certificate` and `tls.key` must be set together", section.label()));
}

}  // namespace

config::Fields<Tls> tls_fields(std::string sentence) {
  return config::Fields<Tls>("tls", std::move(sentence))
      .option("ca", &Tls::ca, "Certificate authorities to trust (PEM).")
      .option("certificate", &Tls::certificate, "Client certificate (PEM).")
      .option("key", &Tls::key, "Private key of the client certificate (PEM).")
      .option("key_password", &Tls::key_password, "Password of the private key.",
              {.example = "${env:KEY_PASSWORD}", .secret = true})
      .option("verify_host", &Tls::verify_host,
              "Require that the certificate matches the server's host name.")
      .then(check_tls);
}

}  // namespace pelton::net
