// SPDX-License-Identifier: Apache-2.0
// The signatures are examples of the senders' own manuals, or made with their own libraries.
#include "engine/http/access.h"

#include "engine/base/base64.h"

#include <gmock/gmock.h>

namespace pelton::http {
namespace {

using config::RequestSignature;
using config::SignatureScheme;
using testing::HasSubstr;

net::Request with(std::vector<net::Field> headers) {
  net::Request request;
  request.method = "POST";
  request.headers = std::move(headers);
  return request;
}

// What is wrong; empty: nothing.
std::string wrong(const RequestSignature& signature, std::vector<net::Field> headers,
                  std::string_view body, std::int64_t seconds = 0) {
  const auto ok =
      check_signature(signature, with(std::move(headers)), body, from_us(seconds * 1'000'000));
  if (ok) return "";
  EXPECT_EQ(ok.error().code, "E7072");
  return ok.error().message;
}

TEST(GithubSignature, IsOverTheBody) {
  const RequestSignature signature{SignatureScheme::github,
                                   {"the next one", "It's a Secret to Everybody"}};
  const std::string good =
      "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  EXPECT_EQ(wrong(signature, {{"x-hub-signature-256", good}}, "Hello, World!"), "");
  EXPECT_THAT(wrong(signature, {{"x-hub-signature-256", good}}, "Hello, World"),
              HasSubstr("not that of the body"));
  EXPECT_THAT(
      wrong(signature, {{"x-hub-signature-256", good.substr(0, good.size() - 2)}}, "Hello, World!"),
      HasSubstr("not that of the body"));
  for (const char* odd : {"sha256=7", "sha256=zz", "sha1=00", "757107", "sha256= 1", "sha256=+1"})
    EXPECT_THAT(wrong(signature, {{"x-hub-signature-256", odd}}, "Hello, World!"),
                HasSubstr("is not `sha256=` and hexadecimal"))
        << odd;
  EXPECT_THAT(wrong(signature, {}, "Hello, World!"), HasSubstr("has no X-Hub-Signature-256"));
  EXPECT_THAT(wrong(signature, {{"x-hub-signature-256", "sha256="}}, ""),
              HasSubstr("not that of the body"))
      << "no bytes are no signature";
}

TEST(StandardSignature, IsOverIdTimeAndBody) {
  std::string key;
  ASSERT_TRUE(from_base64("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", key));
  const RequestSignature signature{SignatureScheme::standard, {key}};
  const std::string body = R"({"test": 2432232314})";
  const auto check = [&](const std::string& given, std::int64_t now = 1614265330,
                         const std::string& id = "msg_p5jXN8AQM9LWM0D4loKWxJek") {
    return wrong(
        signature,
        {{"Webhook-Id", id}, {"Webhook-Timestamp", "1614265330"}, {"Webhook-Signature", given}},
        body, now);
  };
  const std::string good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
  EXPECT_EQ(check(good), "");
  EXPECT_EQ(check("v1a,AAAA v1,AAAA " + good), "") << "one of several";
  EXPECT_EQ(check(good, 1614265330 + 300), "");
  EXPECT_EQ(check(good, 1614265330 + 301),
            "the request was signed 301 s before the time of this machine");
  EXPECT_EQ(check(good, 1614265330 - 301),
            "the request was signed 301 s after the time of this machine");
  EXPECT_THAT(check(good, 1614265330, "msg_2"), HasSubstr("not that of the body"));
  for (const char* odd : {"v1a,AAAA", "v1", "v1,*", "v2,AAAA"})
    EXPECT_THAT(check(odd), HasSubstr("has no `v1,`")) << odd;
  EXPECT_THAT(wrong(signature, {{"webhook-id", "1"}, {"webhook-signature", good}}, body),
              HasSubstr("has no webhook-timestamp"));
}

TEST(StripeSignature, IsOverTimeAndBody) {
  const RequestSignature signature{SignatureScheme::stripe, {"whsec_test_secret"}};
  const std::string body = R"({"id":"evt_1"})";
  const std::string good = "v1=248a374f50f943a28b0f6ab50faf9a7e7e29b710fa26df9fb1618b9bf8ea9c9a";
  const auto check = [&](const std::string& header, std::int64_t now = 1700000000) {
    return wrong(signature, {{"Stripe-Signature", header}}, body, now);
  };
  EXPECT_EQ(check("t=1700000000," + good), "");
  EXPECT_EQ(check("t=1700000000, v0=00, v1=00, " + good), "");
  EXPECT_THAT(check("t=1700000001," + good), HasSubstr("not that of the body"));
  EXPECT_THAT(check("t=1700000000," + good, 1700001000), HasSubstr("1000 s before"));
  EXPECT_THAT(check(good), HasSubstr("no `t=`"));
  EXPECT_THAT(check("t=1700000000"), HasSubstr("no `v1=`"));
  for (const char* odd : {"-1", "1e9", "99999999999999999999", "", " 1"})
    EXPECT_THAT(check(std::string("t=") + odd + "," + good), HasSubstr("not a number of seconds"))
        << odd;
  EXPECT_THAT(check("t=9223372036854775807," + good), HasSubstr("after the time"));
}

TEST(SlackSignature, IsOverTimeAndBody) {
  const RequestSignature signature{SignatureScheme::slack, {"8f742231b10e8888abcd99yyyzzz85a5"}};
  const std::string body =
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id="
      "G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-"
      "collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%"
      "2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
      "803a0bc887a14d10d2c447fce8b6703c";
  const auto check = [&](const char* header, const std::string& of) {
    return wrong(signature,
                 {{"X-Slack-Request-Timestamp", "1531420618"}, {"X-Slack-Signature", header}}, of,
                 1531420700);
  };
  const char* good = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
  EXPECT_EQ(check(good, body), "");
  EXPECT_THAT(check(good, body + "&"), HasSubstr("not that of the body"));
  EXPECT_THAT(check("v1=00", body), HasSubstr("is not `v0=`"));
}

TEST(GitlabToken, IsTheSecretItself) {
  const RequestSignature signature{SignatureScheme::gitlab, {"one", "two"}};
  EXPECT_EQ(wrong(signature, {{"X-Gitlab-Token", "two"}}, ""), "");
  EXPECT_THAT(wrong(signature, {{"X-Gitlab-Token", "twp"}}, ""), HasSubstr("is not a secret"));
  EXPECT_THAT(wrong(signature, {{"X-Gitlab-Token", ""}}, ""), HasSubstr("has no X-Gitlab-Token"));
}

TEST(Delivery, IsNamedByTheSenderAndNotByWhoeverAddsAHeader) {
  const auto header = [](SignatureScheme scheme) {
    const char* name = delivery_header(RequestSignature{scheme, {"secret"}});
    return std::string(name == nullptr ? "none" : name);
  };
  EXPECT_EQ(header(SignatureScheme::github), "X-GitHub-Delivery");
  EXPECT_EQ(header(SignatureScheme::gitlab), "Idempotency-Key");
  EXPECT_EQ(header(SignatureScheme::slack), "none");
  EXPECT_EQ(header(SignatureScheme::standard), "webhook-id");
  EXPECT_EQ(header(SignatureScheme::stripe), "none");
  EXPECT_STREQ(delivery_header(std::nullopt), "Idempotency-Key");
}

TEST(Delivery, OnlyATokenAnswersForHeaders) {
  EXPECT_TRUE(trusts_headers(std::nullopt));
  for (const auto scheme : {SignatureScheme::github, SignatureScheme::slack,
                            SignatureScheme::standard, SignatureScheme::stripe})
    EXPECT_FALSE(trusts_headers(RequestSignature{scheme, {"secret"}}));
  EXPECT_TRUE(trusts_headers(RequestSignature{SignatureScheme::gitlab, {"secret"}}));
}

TEST(ApiKey, IsOneOfThoseOfTheRoute) {
  EXPECT_TRUE(check_api_key({}, with({})));
  EXPECT_TRUE(check_api_key({"a", "b"}, with({{"x-api-key", "b"}})));
  for (const auto& headers : {std::vector<net::Field>{}, {{"x-api-key", "c"}}, {{"x-api-key", ""}}})
    EXPECT_EQ(check_api_key({"a", "b"}, with(headers)).error().code, "E7073");
}

}  // namespace
}  // namespace pelton::http
