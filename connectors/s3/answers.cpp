// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/answers.h"

#include "connectors/s3/uri.h"
#include "engine/base/units.h"

#include <pugixml.hpp>

#include <algorithm>
#include <array>

namespace pelton::s3 {
namespace {

std::string unquoted(std::string text) {
  if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"'))
    text = text.substr(1, text.size() - 2);
  return text;
}

std::unexpected<Error> no_listing(std::string_view why) {
  return fail(ErrorKind::unavailable, "E7205", "the answer is not a listing of objects: {}", why);
}

template <std::size_t N>
bool among(const std::array<std::string_view, N>& codes, std::string_view code) {
  return std::ranges::find(codes, code) != codes.end();
}

constexpr std::array<std::string_view, 9> kBadCredentials{
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken",
    "ExpiredToken",       "TokenRefreshRequired",  "MissingAuthenticationToken",
    "InvalidSecurity",    "NotSignedUp",           "RequestTimeTooSkewed"};
constexpr std::array<std::string_view, 7> kLater{"SlowDown",
                                                 "RequestTimeout",
                                                 "InternalError",
                                                 "ServiceUnavailable",
                                                 "OperationAborted",
                                                 "RequestLimitExceeded",
                                                 "ConditionalRequestConflict"};
constexpr std::array<std::string_view, 3> kElsewhere{
    "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"};

// "403 AccessDenied: Access Denied"
std::string answer_text(int status, const std::string& code, const std::string& message) {
  std::string text = std::to_string(status);
  if (!code.empty()) text += " " + code;
  if (!message.empty()) text += ": " + message.substr(0, 300);
  while (text.ends_with('.')) text.pop_back();
  return text;
}

std::string region_of(const net::HttpResponse& response) {
  if (const std::string* region = response.header("x-amz-bucket-region")) return *region;
  return element_text(response.body, "Region");
}

}  // namespace

Result<ListPage> read_list(std::string_view xml) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size());
  if (!parsed) return no_listing(parsed.description());
  const pugi::xml_node list = document.child("ListBucketResult");
  if (!list) return no_listing("it has no ListBucketResult");
  const bool encoded = std::string_view(list.child_value("EncodingType")) == "url";
  ListPage page;
  for (const pugi::xml_node entry : list.children("Contents")) {
    ObjectVersion& object = page.objects.emplace_back();
    object.key = entry.child_value("Key");
    if (encoded) {
      auto key = form_decoded(object.key);
      if (!key) return no_listing("it has a key that is not URL-encoded");
      object.key = std::move(*key);
    }
    if (object.key.empty()) return no_listing("it has an object without a key");
    object.etag = unquoted(entry.child_value("ETag"));
    object.size = entry.child("Size").text().as_ullong();
    if (const auto time = parse_time(entry.child_value("LastModified"))) object.modified = *time;
  }
  if (std::string_view(list.child_value("IsTruncated")) == "true") {
    page.next = list.child_value("NextContinuationToken");
    if (page.next.empty()) return no_listing("it is truncated and has no continuation token");
  }
  return page;
}

std::string element_text(std::string_view xml, const char* name) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) return {};
  return document.document_element().child_value(name);
}

Error refusal(const Target& target, const net::HttpResponse& response) {
  const std::string code = element_text(response.body, "Code");
  const std::string text =
      answer_text(response.status, code, element_text(response.body, "Message"));
  const auto error = [](ErrorKind kind, const char* page, std::string message) {
    return Error{kind, page, std::move(message)};
  };
  if (response.status >= 500 || response.status == 429 || among(kLater, code))
    return error(ErrorKind::unavailable, "E7205",
                 fmt::format("{} answered {}", target.endpoint, text));
  if (among(kBadCredentials, code))
    return error(ErrorKind::invalid, "E7202",
                 fmt::format("{} refuses the credentials: {}", target.endpoint, text));
  if (code == "NoSuchBucket" || (response.status == 404 && code.empty()))
    return error(ErrorKind::invalid, "E7203",
                 fmt::format("there is no bucket \"{}\" at {}", target.bucket, target.endpoint));
  const std::string region = region_of(response);
  if (response.status == 301 || response.status == 307 ||
      (among(kElsewhere, code) && !region.empty()))
    return error(ErrorKind::invalid, "E7206",
                 fmt::format("the bucket \"{}\" is in another region{}{} ({})", target.bucket,
                             region.empty() ? "" : ": ", region, text));
  if (response.status == 401 || response.status == 403)
    return error(ErrorKind::invalid, "E7204",
                 fmt::format("no permission for {} on bucket \"{}\" at {}: {}", target.action,
                             target.bucket, target.endpoint, text));
  return error(ErrorKind::invalid, "E7207",
               fmt::format("{} refused {} on bucket \"{}\": {}", target.endpoint, target.action,
                           target.bucket, text));
}

}  // namespace pelton::s3
