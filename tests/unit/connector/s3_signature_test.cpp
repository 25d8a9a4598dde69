// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/answers.h"
#include "connectors/s3/endpoint.h"
#include "connectors/s3/event_names.h"
#include "connectors/s3/signature.h"
#include "connectors/s3/uri.h"
#include "engine/base/units.h"
#include "tests/contract/temporary_folder.h"

#include <gmock/gmock.h>

namespace pelton::s3 {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;

constexpr const char* kAccess = "AKIDEXAMPLE";
constexpr const char* kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

std::string authorization(const Unsigned& request, const std::string& token = "") {
  const auto headers = signature(request, {kAccess, kSecret, token}, "eu-central-1",
                                 *parse_time("2026-11-29T10:20:30Z"));
  return headers.back().value;
}

// The signatures are botocore's.
TEST(S3Signature, OfAListing) {
  const Unsigned request{"GET",
                         "localhost:9000",
                         "/photos",
                         {{"list-type", "2"},
                          {"encoding-type", "url"},
                          {"prefix", "Fotos & Söhne/~a*b"},
                          {"continuation-token", "1/a+b=="}},
                         {},
                         ""};
  EXPECT_EQ(authorization(request),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261129/eu-central-1/s3/aws4_request, "
            "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
            "Signature=e35a814d59e3f052366b5a35e373ae478f9cd6d8f6ad95f1e6333f1dbba65e20");
  EXPECT_EQ(query_text(request.query),
            "continuation-token=1%2Fa%2Bb%3D%3D&encoding-type=url&list-type=2&"
            "prefix=Fotos%20%26%20S%C3%B6hne%2F~a%2Ab");
}

TEST(S3Signature, OfAnObjectWithABodyHeadersAndATemporaryKey) {
  const Unsigned request{"PUT",
                         "photos.s3.eu-central-1.amazonaws.com",
                         "/" + uri_encoded("a b/ü+%/../x~(1).txt", Slash::keep),
                         {},
                         {{"x-amz-meta-a", "b"}, {"content-type", "text/plain"}},
                         "hello"};
  EXPECT_EQ(request.path, "/a%20b/%C3%BC%2B%25/../x~%281%29.txt");
  EXPECT_EQ(authorization(request, "TOKEN/1=="),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261129/eu-central-1/s3/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-a;"
            "x-amz-security-token, "
            "Signature=90c1c95b11b6bf0d03cbccd2e3cbb43dae4d0e4a735b2cc5dfc4f52108374438");
}

TEST(S3Uri, KeysOfEventsAreDecodedToWhatTheyWere) {
  for (const std::string key : {"a b", "a+b", "ä/%41/\n", "~*'()", "日本/x.jpg"}) {
    EXPECT_EQ(form_decoded(event_key(key)), key);
    EXPECT_THAT(event_key(key), testing::Not(testing::HasSubstr(" ")));
  }
  EXPECT_EQ(event_key("in/a b+c.jpg"), "in/a+b%2Bc.jpg");
  EXPECT_EQ(form_decoded("%4"), std::nullopt);
  EXPECT_EQ(form_decoded("%zz"), std::nullopt);
}

TEST(S3Answers, AListingIsReadWithEscapesAndWithout) {
  const std::string object =
      "<LastModified>2026-11-29T10:00:00.123Z</LastModified><ETag>&quot;ab-2&quot;</ETag>"
      "<Size>7</Size></Contents>";
  const auto plain = read_list(
      "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a+b "
      "&amp;%41</Key>" +
      object + "</ListBucketResult>");
  ASSERT_TRUE(plain) << plain.error().text();
  ASSERT_EQ(plain->objects.size(), 1U);
  EXPECT_EQ(plain->objects[0].key, "a+b &%41");
  EXPECT_EQ(plain->objects[0].etag, "ab-2");
  EXPECT_EQ(plain->objects[0].size, 7U);
  EXPECT_EQ(format_time(plain->objects[0].modified), "2026-11-29T10:00:00.123Z");
  const auto encoded = read_list(
      "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><EncodingType>url"
      "</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>t</"
      "NextContinuationToken><Contents><Key>a+b%2B%41</Key>" +
      object + "</ListBucketResult>");
  ASSERT_TRUE(encoded) << encoded.error().text();
  EXPECT_EQ(encoded->objects[0].key, "a b+A");
  EXPECT_EQ(encoded->next, "t");
}

TEST(S3Answers, WhatIsNoListingIsRefused) {
  for (const char* xml :
       {"", "<html>", "<html/>", "<ListBucketResult><Contents/></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%x</Key></Contents>"
        "</ListBucketResult>"}) {
    const auto page = read_list(xml);
    ASSERT_FALSE(page) << xml;
    EXPECT_EQ(page.error().code, "E7205");
  }
}

TEST(S3EventNames, RulesAndEtags) {
  EXPECT_THAT(names_of_rule("s3:ObjectCreated:*"),
              ElementsAre(EventName::put, EventName::multipart));
  EXPECT_THAT(names_of_rule("ObjectRemoved:Delete"), ElementsAre(EventName::removed));
  for (const char* rule : {"", "s3:", "s3:*x", "s3:ObjectCreated", "s3:ObjectCreated:Copy", ":*"})
    EXPECT_THAT(names_of_rule(rule), IsEmpty()) << rule;
  EXPECT_EQ(created_by("0123abc-17"), EventName::multipart);
  EXPECT_EQ(created_by("0123abc"), EventName::put);
  EXPECT_EQ(created_by("a-b"), EventName::put);
}

Environment variables(std::map<std::string, std::string> all) {
  return [all = std::move(all)](const char* name) -> std::optional<std::string> {
    const auto at = all.find(name);
    return at == all.end() ? std::nullopt : std::optional(at->second);
  };
}

struct EndpointCase {
  const char* url;
  Style style;
  const char* bucket;
  const char* host;
  const char* root;
};
class S3Endpoints : public testing::TestWithParam<EndpointCase> {};

TEST_P(S3Endpoints, NameTheBucket) {
  const EndpointCase& given = GetParam();
  const auto found = find_endpoint(given.url, "eu-west-1", given.style, given.bucket,
                                   variables({{"AWS_REGION", "other"}}));
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->host, given.host);
  EXPECT_EQ(found->root, given.root);
  EXPECT_EQ(found->region, "eu-west-1");
}

INSTANTIATE_TEST_SUITE_P(
    All, S3Endpoints,
    testing::Values(EndpointCase{"", Style::automatic, "b", "b.s3.eu-west-1.amazonaws.com", ""},
                    EndpointCase{"", Style::automatic, "a.b", "s3.eu-west-1.amazonaws.com", "/a.b"},
                    EndpointCase{"http://localhost:9000/", Style::automatic, "b", "localhost:9000",
                                 "/b"},
                    EndpointCase{"https://minio:443", Style::path, "b", "minio", "/b"},
                    EndpointCase{"http://minio:80", Style::virtual_host, "b", "b.minio", ""}));

TEST(S3Endpoint, TheEnvironmentFillsWhatTheOptionsLeaveOut) {
  const auto found = find_endpoint("", "", Style::automatic, "b",
                                   variables({{"AWS_ENDPOINT_URL", "http://all:1"},
                                              {"AWS_ENDPOINT_URL_S3", "http://s3:2"},
                                              {"AWS_DEFAULT_REGION", "eu-north-1"}}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->url, "http://s3:2");
  EXPECT_EQ(found->region, "eu-north-1");
  for (const char* url : {"localhost:9000", "ftp://x", "http://", "http://a/b", "http://a b"})
    EXPECT_FALSE(check_endpoint(url)) << url;
  for (const char* bucket : {"", "a/b", "..", "a?b", "ä"}) EXPECT_FALSE(check_bucket(bucket));
}

TEST(S3Credentials, AreTakenFromTheFirstPlaceThatHasThem) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "credentials";
  test::write_file(file,
                   "# mine\n[default]\naws_access_key_id = D\naws_secret_access_key=d=\n"
                   "[ other ]\r\naws_access_key_id=O\r\naws_secret_access_key = o\r\n"
                   "aws_session_token = t\r\n");
  std::map<std::string, std::string> all{{"AWS_SHARED_CREDENTIALS_FILE", file.string()}};
  const auto found = [&](const CredentialOptions& options) {
    const auto credentials = find_credentials(options, variables(all));
    return credentials
               ? credentials->access_key + credentials->secret_key + credentials->session_token
               : credentials.error().code;
  };
  EXPECT_EQ(found({}), "Dd=");
  EXPECT_EQ(found({"", "", "", "other"}), "Oot");
  EXPECT_EQ(found({"", "", "", "none"}), "E7202");
  all["AWS_PROFILE"] = "other";
  EXPECT_EQ(found({}), "Oot");
  all["AWS_ACCESS_KEY_ID"] = "E";
  all["AWS_SECRET_ACCESS_KEY"] = "e";
  EXPECT_EQ(found({}), "Ee");
  EXPECT_EQ(found({"", "", "", "other"}), "Oot");
  EXPECT_EQ(found({"A", "a", "", ""}), "Aa");
}

}  // namespace
}  // namespace pelton::s3
