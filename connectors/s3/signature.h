// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/s3/credentials.h"
#include "engine/base/clock.h"
#include "engine/net/http_client.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// AWS Signature Version 4, as S3 uses it: the path is encoded once, the payload's hash is signed.
namespace pelton::s3 {

using Query = std::vector<std::pair<std::string, std::string>>;

// Value. What of a request is signed.
struct Unsigned {
  std::string method;
  std::string host;                      // with its port, unless it is the scheme's own
  std::string path;                      // encoded, begins with a slash
  Query query;                           // decoded
  std::vector<net::HttpHeader> headers;  // names in lower case; all are signed
  std::string_view body;
};

// The query as it is signed and sent: encoded, in order. Empty: none.
std::string query_text(const Query& query);

// The headers to add: x-amz-date, x-amz-content-sha256, x-amz-security-token where the credentials
// have one, and authorization.
std::vector<net::HttpHeader> signature(const Unsigned& request, const Credentials& credentials,
                                       std::string_view region, WallTime now);

// Hex digits of the SHA-256.
std::string sha256_hex(std::string_view bytes);
// Base64 of the MD5, which some requests must have.
std::string md5_base64(std::string_view bytes);

}  // namespace pelton::s3
