// SPDX-License-Identifier: Apache-2.0
#include "engine/net/forwarding.h"

#include <gmock/gmock.h>

namespace pelton::net {
namespace {

Forwarding trusting(std::initializer_list<const char*> networks, bool standard = false) {
  Forwarding forwarding;
  for (const char* network : networks)
    forwarding.trusted.push_back(*config::parse_network(network));
  forwarding.standard = standard;
  return forwarding;
}

Request believed(const Forwarding& forwarding, const std::string& peer,
                 std::vector<Field> headers) {
  Request request;
  request.peer = peer;
  request.headers = std::move(headers);
  request.headers.push_back({"Host", "inside"});
  believe_proxies(forwarding, request);
  return request;
}

std::string client(const Forwarding& forwarding, const std::string& peer,
                   const std::string& header) {
  return believed(forwarding, peer,
                  {{forwarding.standard ? "Forwarded" : "X-Forwarded-For", header}})
      .peer;
}

TEST(Forwarding, NobodyIsBelievedWhoIsNotNamed) {
  for (const auto& forwarding : {trusting({}), trusting({"10.0.0.0/8"})}) {
    const Request request = believed(forwarding, "192.0.2.1",
                                     {{"X-Forwarded-For", "1.1.1.1"},
                                      {"x-forwarded-proto", "https"},
                                      {"X-FORWARDED-HOST", "evil"},
                                      {"X-Forwarded-Port", "1"},
                                      {"forwarded", "for=1.1.1.1"},
                                      {"X-Other", "kept"}});
    EXPECT_EQ(request.peer, "192.0.2.1");
    EXPECT_FALSE(request.encrypted);
    EXPECT_EQ(request.forwarded_for + *request.header("Host"), "inside");
    EXPECT_EQ(request.forwarded_port, 0);
    ASSERT_EQ(request.headers.size(), 2U) << "what they claim is dropped";
    EXPECT_EQ(request.headers[0].name, "X-Other");
  }
}

TEST(Forwarding, TheClientIsTheLastThatIsNoTrustedProxy) {
  const auto proxies = trusting({"10.0.0.0/8", "fd00::/8", "192.0.2.9"});
  EXPECT_EQ(client(proxies, "10.0.0.1", "203.0.113.5"), "203.0.113.5");
  EXPECT_EQ(client(proxies, "10.0.0.1", "6.6.6.6, 203.0.113.5, 10.2.0.1"), "203.0.113.5")
      << "what stands before it is the client's own claim";
  EXPECT_EQ(client(proxies, "fd00::1", "2001:db8::1,fd12::2"), "2001:db8::1");
  EXPECT_EQ(client(proxies, "10.0.0.1", "[2001:db8::1]:4711"), "2001:db8::1");
  EXPECT_EQ(client(proxies, "::ffff:10.0.0.1", "203.0.113.5:99"), "203.0.113.5");
  EXPECT_EQ(client(proxies, "192.0.2.9", "203.0.113.5"), "203.0.113.5");
  EXPECT_EQ(client(proxies, "192.0.2.10", "203.0.113.5"), "192.0.2.10");
  EXPECT_EQ(client(proxies, "10.0.0.1", "10.0.0.2, 10.0.0.3"), "10.0.0.2") << "all are proxies";
}

TEST(Forwarding, WhatIsNoAddressIsNotBelieved) {
  const auto proxies = trusting({"10.0.0.0/8"});
  for (const char* odd : {"", ",", "unknown", "1.1.1.1, unknown", "1.1.1.1, _hidden", "1.1.1.1.1",
                          "[1.1.1.1", "\"1.1.1.1", "\"6.6.6.6, ", "localhost", "1.1.1.1 2.2.2.2"})
    EXPECT_EQ(client(proxies, "10.0.0.1", odd), "10.0.0.1") << odd;
  EXPECT_EQ(client(proxies, "10.0.0.1", "\"6.6.6.6, 203.0.113.5"), "203.0.113.5")
      << "a quote swallows nothing";
  EXPECT_EQ(client(proxies, "10.0.0.1", "1.1.1.1, unknown, 10.0.0.2"), "10.0.0.2");
  std::string many = "6.6.6.6";
  for (int i = 0; i < 1000; ++i) many += ",10.0.0.2";
  EXPECT_EQ(client(proxies, "10.0.0.1", many), "10.0.0.2") << "not as far as one likes";
}

TEST(Forwarding, TheProxySaysHowTheRequestCame) {
  const auto proxies = trusting({"10.0.0.0/8"});
  const Request request = believed(proxies, "10.0.0.1",
                                   {{"X-Forwarded-For", "6.6.6.6"},
                                    {"X-Forwarded-For", "203.0.113.5"},
                                    {"X-Forwarded-Proto", "http, HTTPS"},
                                    {"X-Forwarded-Host", "evil, api.example.com:8443"},
                                    {"X-Forwarded-Port", "8443"}});
  EXPECT_EQ(request.peer, "203.0.113.5") << "several fields are one list";
  EXPECT_TRUE(request.encrypted);
  EXPECT_EQ(request.forwarded_port, 8443);
  EXPECT_EQ(*request.header("Host"), "api.example.com:8443");
  EXPECT_EQ(request.forwarded_for, "203.0.113.5, 10.0.0.1");
  EXPECT_EQ(*request.header("X-Forwarded-For"), "203.0.113.5, 10.0.0.1");
  EXPECT_EQ(believed(proxies, "10.0.0.1", {{"X-Forwarded-Proto", "https"}}).forwarded_port, 443);
  const Request odd = believed(proxies, "10.0.0.1",
                               {{"X-Forwarded-Proto", "gopher"},
                                {"X-Forwarded-Host", "a b/\r\n"},
                                {"X-Forwarded-Port", "70000"}});
  EXPECT_FALSE(odd.encrypted);
  EXPECT_EQ(*odd.header("Host") + std::to_string(odd.forwarded_port), "inside0");
}

TEST(Forwarding, TheStandardHeaderIsUnderstood) {
  const auto proxies = trusting({"10.0.0.0/8"}, true);
  EXPECT_EQ(client(proxies, "10.0.0.1", "for=203.0.113.5"), "203.0.113.5");
  EXPECT_EQ(client(proxies, "10.0.0.1", "For=\"[2001:db8::1]:4711\"; Proto=https"), "2001:db8::1");
  EXPECT_EQ(client(proxies, "10.0.0.1", "for=6.6.6.6, for=203.0.113.5, for=10.0.0.2"),
            "203.0.113.5");
  for (const char* odd : {"", "for", "for=", "for=unknown", "by=1.1.1.1", "for=\"6.6.6.6",
                          "for=\"x, for=203.0.113.5;host=evil"})
    EXPECT_EQ(client(proxies, "10.0.0.1", odd), "10.0.0.1") << odd;
  const Request request = believed(proxies, "10.0.0.1",
                                   {{"Forwarded", "for=\"open;host=evil"},
                                    {"Forwarded", "for=203.0.113.5;host=api.example.com"},
                                    {"X-Forwarded-For", "6.6.6.6"}});
  EXPECT_EQ(request.peer, "203.0.113.5") << "only one kind is believed";
  EXPECT_EQ(*request.header("Host"), "api.example.com");
  EXPECT_EQ(*believed(proxies, "10.0.0.1", {{"Forwarded", "host=evil;for=\"x, for=1.1.1.1"}})
                 .header("Host"),
            "inside")
      << "a quote that a client has left open takes the proxy's word with it";
}

TEST(Network, HasAnAddressAndAPrefix) {
  const auto within = [](const char* network, const char* address) {
    return config::parse_network(network)->contains(*config::parse_address(address));
  };
  EXPECT_TRUE(within("10.1.0.0/17", "10.1.127.255"));
  EXPECT_FALSE(within("10.1.0.0/17", "10.1.128.0"));
  EXPECT_TRUE(within("10.1.2.3", "::ffff:10.1.2.3"));
  EXPECT_FALSE(within("10.1.2.3", "10.1.2.4"));
  EXPECT_TRUE(within("0.0.0.0/0", "255.1.1.1"));
  EXPECT_FALSE(within("0.0.0.0/0", "2001:db8::1")) << "all of IPv4";
  EXPECT_TRUE(within("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(within("2001:db8::/33", "2001:db8:8000::1"));
  for (const char* bad :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0/8", "localhost",
        "::/129", "10.0.0.1/8", "fd00::1/64", "10.0.0.0 "})
    EXPECT_FALSE(config::parse_network(bad)) << bad;
}

}  // namespace
}  // namespace pelton::net
