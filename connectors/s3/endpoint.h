// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/s3/credentials.h"
#include "engine/base/result.h"

#include <string>
#include <string_view>

namespace pelton::s3 {

// How a request names its bucket: as the first part of the path, or in the host's name.
enum class Style { automatic, path, virtual_host };

// Value. Where a bucket is.
struct Endpoint {
  std::string url;           // "https://s3.eu-central-1.amazonaws.com", without a slash behind
  std::string region;        // that requests are signed for
  std::string scheme, host;  // of the bucket; the host with its port unless that is the scheme's
  std::string root;          // the path of the bucket: "" or "/name"
};

// From the options; what they leave out, from AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION and
// AWS_DEFAULT_REGION. Without a region: us-east-1. Automatic: the host's name at AWS, for a bucket
// without dots, else the path. E7200, invalid: no URL.
Result<Endpoint> find_endpoint(const std::string& url, const std::string& region, Style style,
                               const std::string& bucket, const Environment& environment);

// E7200, invalid: no name of a bucket. Only what would change the meaning of a request is refused:
// servers have rules of their own.
Status check_bucket(std::string_view name);

// E7200, invalid: not http:// or https:// and a host, with a port perhaps.
Status check_endpoint(std::string_view url);

}  // namespace pelton::s3
