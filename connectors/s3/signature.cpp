// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/signature.h"

#include "connectors/s3/uri.h"
#include "engine/base/base64.h"
#include "engine/base/ensure.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

namespace pelton::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kService = "s3";

std::string digest(const EVP_MD* kind, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, kind, nullptr);
  ENSURE(done == 1, "OpenSSL hashes");
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  const auto* done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &size);
  ENSURE(done != nullptr, "OpenSSL authenticates");
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

// "20150830T123600Z"
std::string stamp(WallTime now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(seconds - day);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

struct Canonical {
  std::string text, names;
};

Canonical canonical(const Unsigned& request, std::vector<net::HttpHeader> headers,
                    const std::string& payload) {
  headers.push_back({"host", request.host});
  std::ranges::sort(headers, {}, &net::HttpHeader::name);
  std::string lines, names;
  for (const net::HttpHeader& header : headers) {
    lines += fmt::format("{}:{}\n", header.name, header.value);
    names += (names.empty() ? "" : ";") + header.name;
  }
  return {fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path,
                      query_text(request.query), lines, names, payload),
          names};
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  return hex(digest(EVP_sha256(), bytes));
}

std::string md5_base64(std::string_view bytes) {
  return to_base64(digest(EVP_md5(), bytes));
}

std::string query_text(const Query& query) {
  std::vector<std::string> pairs;
  for (const auto& [name, value] : query)
    pairs.push_back(uri_encoded(name, Slash::encode) + "=" + uri_encoded(value, Slash::encode));
  std::ranges::sort(pairs);
  return fmt::format("{}", fmt::join(pairs, "&"));
}

std::vector<net::HttpHeader> signature(const Unsigned& request, const Credentials& credentials,
                                       std::string_view region, WallTime now) {
  const std::string time = stamp(now);
  const std::string day = time.substr(0, 8);
  const std::string payload = sha256_hex(request.body);
  std::vector<net::HttpHeader> added{{"x-amz-date", time}, {"x-amz-content-sha256", payload}};
  if (!credentials.session_token.empty())
    added.push_back({"x-amz-security-token", credentials.session_token});
  std::vector<net::HttpHeader> covered = request.headers;
  covered.insert(covered.end(), added.begin(), added.end());
  const Canonical what = canonical(request, std::move(covered), payload);
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", day, region, kService);
  const std::string text =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope, sha256_hex(what.text));
  std::string key = "AWS4" + credentials.secret_key;
  for (const std::string_view part :
       {std::string_view(day), region, kService, std::string_view("aws4_request")})
    key = hmac(key, part);
  added.push_back({"authorization",
                   fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                               credentials.access_key, scope, what.names, hex(hmac(key, text)))});
  return added;
}

}  // namespace pelton::s3
