// SPDX-License-Identifier: Apache-2.0
#include "engine/http/route_table.h"

#include "engine/http/cors.h"

#include <gmock/gmock.h>

namespace pelton::http {
namespace {

ServedRoutePtr route(const std::string& name, const std::string& path,
                     std::vector<std::string> methods = {}) {
  auto made = std::make_shared<ServedRoute>();
  made->settings.name = name;
  made->settings.path = *config::PathPattern::parse(path);
  made->settings.methods = std::move(methods);
  return made;
}

const RouteTable& table() {
  static const RouteTable all({route("rest", "/{rest+}", {"GET"}), route("any", "/users/{id}"),
                               route("get", "/users/{id}", {"GET"}),
                               route("me", "/users/me", {"POST"})});
  return all;
}

// The route's name, or what is allowed.
std::string found(const std::string& method, const std::vector<std::string>& path) {
  const auto match = table().find(method, path);
  return match.route ? match.route->settings.name : "allow " + match.allowed;
}

TEST(RouteTable, TheMostSpecificRouteIsUsed) {
  EXPECT_EQ(found("GET", {"users", "7"}), "get");
  EXPECT_EQ(found("PUT", {"users", "7"}), "any");
  EXPECT_EQ(found("POST", {"users", "me"}), "me");
  EXPECT_EQ(found("GET", {"users", "me"}), "get") << "one with that method";
  EXPECT_EQ(found("GET", {"x", "y"}), "rest");
}

TEST(RouteTable, AMethodThatNobodyServesNamesThoseThatAre) {
  EXPECT_EQ(found("POST", {"x"}), "allow GET, HEAD, OPTIONS");
  EXPECT_EQ(found("GET", {}), "allow ");
}

TEST(RouteTable, HeadIsServedByGet) {
  EXPECT_EQ(found("HEAD", {"x"}), "rest");
  EXPECT_EQ(found("HEAD", {"users", "7"}), "any") << "a route that takes it comes first";
}

TEST(RouteTable, HeadIsServedByTheRouteThatServesGet) {
  const RouteTable with({route("rest", "/{rest+}"), route("get", "/{id}", {"GET"}),
                         route("x", "/x", {"GET"}), route("head", "/x", {"HEAD"})});
  EXPECT_EQ(with.find("HEAD", {"7"}).route->settings.name, "get");
  EXPECT_EQ(with.find("HEAD", {"x"}).route->settings.name, "head") << "one of its own";
  EXPECT_EQ(with.find("HEAD", {"a", "b"}).route->settings.name, "rest");
}

TEST(RouteCounts, ARequestThatIsDroppedIsNotUnderWay) {
  const auto counts = std::make_shared<RouteCounts>();
  auto one = RouteCounts::begin(counts, 1);
  ASSERT_TRUE(one);
  EXPECT_FALSE(RouteCounts::begin(counts, 1));
  one.reset();
  EXPECT_TRUE(RouteCounts::begin(counts, 1));
}

net::Request preflight_of(const std::string& origin) {
  net::Request request;
  request.method = "OPTIONS";
  request.path = {"a"};
  request.headers = {{"origin", origin}, {"access-control-request-method", "PUT"}};
  return request;
}

std::string header(const net::Response& response, std::string_view name) {
  for (const net::Field& field : response.headers)
    if (net::same_name(field.name, name)) return field.value;
  return "";
}

TEST(Cors, PreflightIsAnsweredForListedOriginsOnly) {
  auto made = std::make_shared<ServedRoute>();
  made->settings.path = *config::PathPattern::parse("/a");
  made->settings.cors = config::Cors{{"https://x"}, {}, {}, true, std::chrono::minutes(1)};
  const RouteTable with({made});
  const auto good = preflight(with, preflight_of("https://x"));
  ASSERT_TRUE(good);
  EXPECT_EQ(good->status, 204U);
  EXPECT_EQ(header(*good, "access-control-allow-origin"), "https://x");
  EXPECT_EQ(header(*good, "access-control-allow-credentials"), "true");
  EXPECT_EQ(header(*good, "access-control-max-age"), "60");
  const auto other = preflight(with, preflight_of("https://y"));
  ASSERT_TRUE(other);
  EXPECT_EQ(header(*other, "access-control-allow-origin"), "");
  EXPECT_FALSE(preflight(table(), preflight_of("https://x"))) << "no route with CORS";
}

TEST(Cors, HeadersOfTheFunctionAreKept) {
  net::Response response;
  response.headers = {{"Access-Control-Allow-Origin", "https://own"}};
  add_cors(config::Cors{}, "https://x", response);
  EXPECT_EQ(response.headers.size(), 1U);
  EXPECT_EQ(header(response, "access-control-allow-origin"), "https://own");
}

}  // namespace
}  // namespace pelton::http
