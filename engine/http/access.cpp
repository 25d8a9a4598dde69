// SPDX-License-Identifier: Apache-2.0
#include "engine/http/access.h"

#include "engine/base/base64.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <optional>

namespace pelton::http {
namespace {

using config::RequestSignature;
using config::SignatureScheme;

constexpr const char* kApiKey = "X-Api-Key";
constexpr const char* kGitlabToken = "X-Gitlab-Token";

template <typename... Args>
std::unexpected<Error> not_signed(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::invalid, "E7072", format, std::forward<Args>(args)...);
}

using Digest = std::array<unsigned char, 32>;

// HMAC-SHA256 over the parts, one after another.
Digest hmac(const std::string& secret, std::initializer_list<std::string_view> parts) {
  std::string text;
  if (parts.size() > 1) {
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    text.reserve(size);
    for (const std::string_view part : parts) text += part;
  }
  const std::string_view whole = parts.size() == 1 ? *parts.begin() : std::string_view(text);
  Digest digest{};
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(whole.data()), whole.size(), digest.data(), nullptr);
  return digest;
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool same(const Digest& digest, std::string_view bytes) {
  return same(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()), bytes);
}

// The bytes of hexadecimal digits of either case; nothing: they are none.
std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned char byte = 0;
    const auto [end, error] = std::from_chars(&text[i], &text[i] + 2, byte, 16);
    if (error != std::errc{} || end != &text[i] + 2) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(at);
    std::string_view part = text.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    parts.push_back(part);
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Result<const std::string*> required(const net::Request& request, const char* name) {
  const std::string* value = request.header(name);
  if (value == nullptr || value->empty()) return not_signed("the request has no {}", name);
  return value;
}

Status in_time(std::string_view text, const RequestSignature& signature, WallTime now) {
  std::int64_t signed_at = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), signed_at);
  if (error != std::errc{} || end != text.data() + text.size() || signed_at < 0)
    return not_signed("the time of the signature is not a number of seconds since 1970");
  const std::int64_t here = to_us(now) / 1'000'000;
  const auto most = std::chrono::duration_cast<std::chrono::seconds>(signature.tolerance).count();
  // Unsigned: any two of these numbers have a distance.
  const auto distance = static_cast<std::uint64_t>(std::max(here, signed_at)) -
                        static_cast<std::uint64_t>(std::min(here, signed_at));
  if (distance > static_cast<std::uint64_t>(most))
    return not_signed("the request was signed {} s {} the time of this machine", distance,
                      signed_at < here ? "before" : "after");
  return {};
}

// One of the signatures is that of one of the secrets.
Status any_of(const RequestSignature& signature, const std::vector<std::string>& given,
              std::initializer_list<std::string_view> text) {
  for (const std::string& secret : signature.secrets) {
    const Digest digest = hmac(secret, text);
    for (const std::string& one : given)
      if (same(digest, one)) return {};
  }
  return not_signed("the signature is not that of the body and a secret of this route");
}

Status check_github(const RequestSignature& signature, const net::Request& request,
                    std::string_view body) {
  const auto header = required(request, "X-Hub-Signature-256");
  if (!header) return std::unexpected(header.error());
  const std::string_view text = **header;
  const auto bytes = text.starts_with("sha256=") ? from_hex(text.substr(7)) : std::nullopt;
  if (!bytes) return not_signed("X-Hub-Signature-256 is not `sha256=` and hexadecimal digits");
  return any_of(signature, {*bytes}, {body});
}

Status check_gitlab(const RequestSignature& signature, const net::Request& request) {
  const auto token = required(request, kGitlabToken);
  if (!token) return std::unexpected(token.error());
  const bool known = std::ranges::any_of(
      signature.secrets, [&](const std::string& secret) { return same(secret, **token); });
  if (!known) return not_signed("X-Gitlab-Token is not a secret of this route");
  return {};
}

Status check_slack(const RequestSignature& signature, const net::Request& request,
                   std::string_view body, WallTime now) {
  const auto time = required(request, "X-Slack-Request-Timestamp");
  const auto header = required(request, "X-Slack-Signature");
  if (!time || !header) return std::unexpected(time ? header.error() : time.error());
  if (auto ok = in_time(**time, signature, now); !ok) return ok;
  const std::string_view text = **header;
  const auto bytes = text.starts_with("v0=") ? from_hex(text.substr(3)) : std::nullopt;
  if (!bytes) return not_signed("X-Slack-Signature is not `v0=` and hexadecimal digits");
  return any_of(signature, {*bytes}, {"v0:", **time, ":", body});
}

Status check_standard(const RequestSignature& signature, const net::Request& request,
                      std::string_view body, WallTime now) {
  const auto id = required(request, "webhook-id");
  const auto time = required(request, "webhook-timestamp");
  const auto header = required(request, "webhook-signature");
  for (const auto* one : {&id, &time, &header})
    if (!*one) return std::unexpected(one->error());
  if (auto ok = in_time(**time, signature, now); !ok) return ok;
  std::vector<std::string> given;
  for (const std::string_view one : split(**header, ' ')) {
    std::string bytes;
    if (one.starts_with("v1,") && from_base64(one.substr(3), bytes))
      given.push_back(std::move(bytes));
  }
  if (given.empty()) return not_signed("webhook-signature has no `v1,` and base64");
  return any_of(signature, given, {**id, ".", **time, ".", body});
}

Status check_stripe(const RequestSignature& signature, const net::Request& request,
                    std::string_view body, WallTime now) {
  const auto header = required(request, "Stripe-Signature");
  if (!header) return std::unexpected(header.error());
  std::optional<std::string_view> time;
  std::vector<std::string> given;
  for (const std::string_view one : split(**header, ',')) {
    if (one.starts_with("t=")) time = one.substr(2);
    if (auto bytes = one.starts_with("v1=") ? from_hex(one.substr(3)) : std::nullopt)
      given.push_back(std::move(*bytes));
  }
  if (!time || given.empty())
    return not_signed("Stripe-Signature has no `t=` or no `v1=` with hexadecimal digits");
  if (auto ok = in_time(*time, signature, now); !ok) return ok;
  return any_of(signature, given, {*time, ".", body});
}

}  // namespace

Status check_api_key(const std::vector<std::string>& keys, const net::Request& request) {
  if (keys.empty()) return {};
  const std::string* given = request.header(kApiKey);
  if (given == nullptr) return fail(ErrorKind::invalid, "E7073", "the request has no X-Api-Key");
  const bool known =
      std::ranges::any_of(keys, [&](const std::string& key) { return same(key, *given); });
  if (!known) return fail(ErrorKind::invalid, "E7073", "X-Api-Key is not a key of this route");
  return {};
}

Status check_signature(const RequestSignature& signature, const net::Request& request,
                       std::string_view body, WallTime now) {
  switch (signature.scheme) {
    case SignatureScheme::github:
      return check_github(signature, request, body);
    case SignatureScheme::gitlab:
      return check_gitlab(signature, request);
    case SignatureScheme::slack:
      return check_slack(signature, request, body, now);
    case SignatureScheme::standard:
      return check_standard(signature, request, body, now);
    case SignatureScheme::stripe:
      return check_stripe(signature, request, body, now);
  }
  return not_signed("no scheme");
}

const char* delivery_header(const std::optional<RequestSignature>& signature) {
  constexpr const char* kOfPlainRequests = "Idempotency-Key";
  if (!signature) return kOfPlainRequests;
  switch (signature->scheme) {
    case SignatureScheme::github:
      return "X-GitHub-Delivery";
    case SignatureScheme::gitlab:
      return kOfPlainRequests;
    case SignatureScheme::standard:
      return "webhook-id";
    case SignatureScheme::slack:
    case SignatureScheme::stripe:
      break;
  }
  return nullptr;
}

bool trusts_headers(const std::optional<RequestSignature>& signature) {
  return !signature || signature->scheme == SignatureScheme::gitlab;
}

bool is_secret_header(std::string_view name) {
  return net::same_name(name, kApiKey) || net::same_name(name, kGitlabToken);
}

}  // namespace pelton::http
