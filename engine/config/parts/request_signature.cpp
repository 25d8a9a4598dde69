// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/request_signature.h"

#include "engine/base/base64.h"
#include "engine/config/spec/fields.h"

namespace pelton::config {
namespace {

// Standard Webhooks: a secret is base64, and "whsec_" before it says so.
bool decode_secret(std::string& secret) {
  const std::string_view text = secret;
  constexpr std::string_view kPrefix = "whsec_";
  std::string key;
  if (!from_base64(text.starts_with(kPrefix) ? text.substr(kPrefix.size()) : text, key) ||
      key.empty())
    return false;
  secret = std::move(key);
  return true;
}

// Whoever sets it would believe in a protection that is not there.
void check_tolerance(const Section& section, const std::string& prefix, ReadContext& context,
                     const RequestSignature& signature) {
  const bool timeless =
      signature.scheme == SignatureScheme::github || signature.scheme == SignatureScheme::gitlab;
  if (timeless && section.node(prefix + "tolerance") != nullptr)
    context.problems.error(
        section.place(prefix + "tolerance"), "E7063",
        fmt::format("{}: `{}tolerance` has no effect: signatures of `{}` contain no time",
                    section.label(), prefix,
                    signature.scheme == SignatureScheme::github ? "github" : "gitlab"));
}

void check_signature(const Section& section, const std::string& prefix, ReadContext& context,
                     RequestSignature& signature) {
  check_tolerance(section, prefix, context, signature);
  if (signature.scheme != SignatureScheme::standard) return;
  for (std::string& secret : signature.secrets)
    if (!decode_secret(secret))
      context.problems.error(section.place(prefix + "secrets"), "E1008",
                             fmt::format("{}secrets: a secret of Standard Webhooks is base64, "
                                         "with or without `whsec_` before it",
                                         prefix));
}

}  // namespace

Fields<RequestSignature> signature_fields() {
  return Fields<RequestSignature>(
             "signature",
             "The signature of a webhook's sender, which every request must have: it is checked "
             "over the bytes of the body. Others are answered with 401. Not checked if omitted.")
      .choice("scheme", &RequestSignature::scheme,
              {{"github", SignatureScheme::github},
               {"gitlab", SignatureScheme::gitlab},
               {"slack", SignatureScheme::slack},
               {"standard", SignatureScheme::standard},
               {"stripe", SignatureScheme::stripe}},
              "Whose it is: `github` (X-Hub-Signature-256), `gitlab` (X-Gitlab-Token, which is the "
              "secret itself), `slack` (X-Slack-Signature), `stripe` (Stripe-Signature), or "
              "`standard`: Standard Webhooks (webhook-signature).",
              {.required = true})
      .option("secrets", &RequestSignature::secrets,
              "The secret that the sender has, or several while it is being replaced.",
              {.example = "${env:WEBHOOK_SECRET}", .required = true, .secret = true})
      .option("tolerance", &RequestSignature::tolerance,
              "How far the time that a signature contains may be from the clock of this machine. "
              "Those of `github` and `gitlab` contain none.",
              {.at_least = "1s", .at_most = "24h"})
      .then(check_signature);
}

}  // namespace pelton::config
