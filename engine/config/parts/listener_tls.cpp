// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/listener_tls.h"

#include "engine/config/spec/fields.h"

namespace pelton::config {
namespace {

void check_files(const Section& section, const std::string& prefix, ReadContext& context,
                 ListenerTls& tls) {
  tls.place = section.place(prefix + "certificate");
  require_file(section, prefix + "certificate", tls.certificate, context);
  require_file(section, prefix + "key", tls.key, context);
  require_file(section, prefix + "client_ca", tls.client_ca, context);
}

}  // namespace

Fields<ListenerTls> listener_tls_fields() {
  return Fields<ListenerTls>(
             "tls",
             "Serve HTTPS instead of HTTP. Files that are replaced are used for new connections "
             "within a second.")
      .option("certificate", &ListenerTls::certificate,
              "The server's certificate, followed by those of intermediate authorities (PEM).",
              {.required = true})
      .option("key", &ListenerTls::key, "Private key of the certificate (PEM).", {.required = true})
      .option("key_password", &ListenerTls::key_password, "Password of the private key.",
              {.example = "${env:KEY_PASSWORD}", .secret = true})
      .option("client_ca", &ListenerTls::client_ca,
              "Certificate authorities (PEM), one of which must have issued a certificate of each "
              "client. Clients need none if omitted.",
              {.guards = true})
      .then(check_files);
}

}  // namespace pelton::config
