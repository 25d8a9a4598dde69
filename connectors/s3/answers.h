// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/net/http_client.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The documents that S3 answers with.
namespace pelton::s3 {

// Value. One version of one object.
struct ObjectVersion {
  std::string key;
  std::string etag;  // without its quotes
  std::uint64_t size = 0;
  WallTime modified{};
};

// Value. A part of a listing.
struct ListPage {
  std::vector<ObjectVersion> objects;
  std::string next;  // continues it; empty: that was all
};

// E7205, unavailable: it is no listing, or lacks what continues it.
Result<ListPage> read_list(std::string_view xml);

// The text of an element at the top of a document: the id of an upload, a code. Empty: none.
std::string element_text(std::string_view xml, const char* name);

// What was asked for, in messages.
struct Target {
  std::string bucket;
  std::string endpoint;
  std::string action;  // "s3:ListBucket": the right that it takes
};

// What a response other than 2xx means. unavailable: E7205, may succeed later. invalid: E7202 the
// credentials are refused, E7203 no such bucket, E7204 the right is missing, E7206 another region,
// E7207 everything else that was refused.
Error refusal(const Target& target, const net::HttpResponse& response);

}  // namespace pelton::s3
