// SPDX-License-Identifier: Apache-2.0
#include "engine/net/server_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace pelton::net {
namespace {

using config::ListenerTls;

constexpr std::chrono::seconds kLookEvery{1};

// What OpenSSL says of what has failed, and nothing is left of it. The first of its errors is the
// cause, and further ones only say what did not come about.
std::string why() {
  const unsigned long code = ERR_peek_error();
  const char* const reason =
      ERR_SYSTEM_ERROR(code) ? std::strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "unknown" : reason;
}

std::unexpected<Error> unusable(const std::filesystem::path& file, const char* what) {
  return fail(ErrorKind::invalid, "E5014", "{} {}: {}", file.string(), what, why());
}

int give_password(char* buffer, int size, int, void* settings) {
  const std::string& password = static_cast<const ListenerTls*>(settings)->key_password;
  const std::size_t length = std::min(password.size(), static_cast<std::size_t>(size));
  std::copy_n(password.data(), length, buffer);
  return static_cast<int>(length);
}

// Of what the client offers, HTTP/1.1; one that does not offer it may still speak it.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* length,
                    const unsigned char* offered, unsigned size, void*) {
  constexpr std::string_view kHttp = "http/1.1";
  for (unsigned at = 0; at < size; at += 1U + offered[at]) {
    if (at + 1U + offered[at] > size) break;
    if (std::string_view(reinterpret_cast<const char*>(offered + at + 1), offered[at]) != kHttp)
      continue;
    *out = offered + at + 1;
    *length = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

Status valid_at(SSL_CTX* context, const ListenerTls& settings, WallTime now) {
  const X509* const certificate = SSL_CTX_get0_certificate(context);
  const auto seconds = static_cast<time_t>(to_us(now) / 1'000'000);
  if (ASN1_TIME_cmp_time_t(X509_get0_notAfter(certificate), seconds) < 0)
    return fail(ErrorKind::invalid, "E5030", "the certificate {} has expired: clients refuse it",
                settings.certificate.string());
  // One that was made in this second is.
  if (ASN1_TIME_cmp_time_t(X509_get0_notBefore(certificate), seconds) > 0)
    return fail(ErrorKind::invalid, "E5030",
                "the certificate {} is not valid yet by the clock of this machine: clients refuse "
                "it",
                settings.certificate.string());
  return {};
}

}  // namespace

void SslFree::operator()(SSL* ssl) const {
  SSL_free(ssl);
}

void Certificates::ContextFree::operator()(SSL_CTX* context) const {
  SSL_CTX_free(context);
}

Certificates::Certificates(const ListenerTls& settings, Report report)
    : settings_(settings), report_(std::move(report)), read_state_(state_of_files()) {}

Certificates::~Certificates() = default;

Result<std::unique_ptr<Certificates>> Certificates::load(const ListenerTls& settings,
                                                         Report report) {
  std::unique_ptr<Certificates> made(new Certificates(settings, std::move(report)));
  auto context = read(settings);
  if (!context) return std::unexpected(context.error());
  made->context_ = std::move(*context);
  return made;
}

Status Certificates::check(const ListenerTls& settings, WallTime now) {
  const auto context = read(settings);
  if (!context) return std::unexpected(context.error());
  return valid_at(context->get(), settings, now);
}

Result<Certificates::Context> Certificates::read(const ListenerTls& settings) {
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_server_method()));
  if (!context) return fail(ErrorKind::unavailable, "E5014", "no TLS: {}", why());
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  // One record a try: whoever sends nothing but requests for new keys keeps nobody else waiting.
  SSL_CTX_clear_mode(raw, SSL_MODE_AUTO_RETRY);
  // Sessions are kept by their clients, as tickets.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  SSL_CTX_set_default_passwd_cb(raw, give_password);
  SSL_CTX_set_default_passwd_cb_userdata(raw, const_cast<ListenerTls*>(&settings));
  if (SSL_CTX_use_certificate_chain_file(raw, settings.certificate.c_str()) != 1)
    return unusable(settings.certificate, "is not a certificate");
  if (SSL_CTX_use_PrivateKey_file(raw, settings.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return unusable(settings.key, "is not a private key, or not that of the certificate");
  SSL_CTX_set_default_passwd_cb_userdata(raw, nullptr);
  if (!settings.client_ca.empty()) {
    if (SSL_CTX_load_verify_file(raw, settings.client_ca.c_str()) != 1)
      return unusable(settings.client_ca, "has no certificate authorities");
    SSL_CTX_set_client_CA_list(raw, SSL_load_client_CA_file(settings.client_ca.c_str()));
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    // Sessions that are resumed have to belong to this listener.
    constexpr unsigned char kSessions[] = "pelton";
    SSL_CTX_set_session_id_context(raw, kSessions, sizeof kSessions - 1);
  }
  return context;
}

std::string Certificates::state_of_files() const {
  std::string state;
  for (const auto* file : {&settings_.certificate, &settings_.key, &settings_.client_ca}) {
    struct stat status {};
    if (file->empty() || ::stat(file->c_str(), &status) != 0) continue;
    // Of both times: rights that are repaired leave that of the content as it was.
    state += fmt::format("{}/{}/{}/{}.{}/{}.{};", status.st_dev, status.st_ino, status.st_size,
                         status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                         status.st_ctim.tv_nsec);
  }
  return state;
}

void Certificates::look() {
  std::string state = state_of_files();
  if (state == read_state_) return;
  auto fresh = read(settings_);
  // Perhaps one of them is still the old one: they are read once more.
  if (!fresh && state != failed_state_) {
    failed_state_ = std::move(state);
    return;
  }
  read_state_ = std::move(state);
  if (!fresh) return report_(std::unexpected(fresh.error()));
  context_ = std::move(*fresh);
  report_(valid_at(context_.get(), settings_, SystemClock().now()));
}

Ssl Certificates::accept(int descriptor, std::chrono::steady_clock::time_point now) {
  if (now >= next_look_) {
    next_look_ = now + kLookEvery;
    look();
  }
  Ssl ssl(SSL_new(context_.get()));
  if (!ssl || SSL_set_fd(ssl.get(), descriptor) != 1) return nullptr;
  SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace pelton::net
