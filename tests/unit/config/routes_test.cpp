// SPDX-License-Identifier: Apache-2.0
#include "engine/config/plan.h"
#include "tests/unit/config/fixture.h"

#include <gmock/gmock.h>

namespace pelton::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Routes : public ConfigTest {
 protected:
  static std::string config(const std::string& routes,
                            const std::string& listeners = "{ web: { address: 127.0.0.1:80 } }") {
    return "version: 1\nstreams: { s: { retention: { time: 1d } } }\n"
           "functions: { f: { runtime: cpp, code: /bin/true } }\n"
           "bindings: { b: { from: s, function: f } }\nlisteners: " +
           listeners + "\nroutes:\n  " + routes + "\n";
  }
  std::vector<std::string> codes_of(const std::string& routes) const {
    return codes(config(routes));
  }
};

TEST_F(Routes, AreTyped) {
  const Config c = good(config(
      "a: { method: [get, POST], path: \"/u/{id}\", function: f, timeout: 2s, event: "
      "apigateway/v1, "
      "concurrency: 3, max_body: 1MiB, cors: { origins: [https://x], credentials: true } }"));
  const Route& route = c.routes.at(0);
  EXPECT_EQ(route.listener, "web") << "the only one";
  EXPECT_THAT(route.methods, ElementsAre("GET", "POST"));
  EXPECT_EQ(route.path.text(), "/u/{id}");
  EXPECT_EQ(route.function, "f");
  EXPECT_EQ(route.timeout, std::chrono::seconds(2));
  EXPECT_EQ(route.event, Exchange::gateway_v1);
  EXPECT_EQ(route.concurrency, 3U);
  EXPECT_EQ(route.max_body, 1U << 20);
  EXPECT_THAT(route.cors->origins, ElementsAre("https://x"));
  EXPECT_TRUE(route.cors->credentials);
  EXPECT_EQ(c.listeners.at(0).address.port, 80);
}

TEST_F(Routes, ToAStreamTakeTheKeyFromTheRequest) {
  const Route route =
      good(config("a: { path: \"/in/{id}\", to: s, key: path.id, subject: header.X-Sub }"))
          .routes[0];
  EXPECT_EQ(route.key, (RequestField{RequestField::Kind::path, "id"}));
  EXPECT_EQ(route.subject, (RequestField{RequestField::Kind::header, "x-sub"}));
  EXPECT_TRUE(route.methods.empty()) << "any";
}

TEST_F(Routes, OptionsThatContradictEachOtherAreRefused) {
  EXPECT_THAT(codes_of("a: { path: /a }"), ElementsAre("E7063"));
  EXPECT_THAT(codes_of("a: { path: /a, to: s, function: f }"), ElementsAre("E7063"));
  EXPECT_THAT(codes_of("a: { path: /a, to: s, timeout: 1s, event: native }"),
              ElementsAre("E7063", "E7063"));
  EXPECT_THAT(codes_of("a: { path: /a, function: f, key: query.k }"), ElementsAre("E7063"));
  EXPECT_THAT(codes_of("a: { path: /a, to: s, key: path.id }"), ElementsAre("E7063"));
  EXPECT_THAT(codes_of("a: { path: /a, to: s, cors: { credentials: true } }"),
              ElementsAre("E7063"));
}

TEST_F(Routes, BadValuesAreRefused) {
  EXPECT_THAT(codes_of("a: { path: a, to: s }"), ElementsAre("E7060"));
  EXPECT_THAT(codes_of("a: { path: /a, to: s, key: id }"), ElementsAre("E1008"));
  EXPECT_THAT(codes_of("a: { path: /a, to: s, method: \"G T\" }"), ElementsAre("E1008"));
  for (const char* origin : {"https://x/", "x.example", "https://*.x", "https://X", "https://"})
    EXPECT_THAT(
        codes_of(fmt::format("a: {{ path: /a, to: s, cors: {{ origins: '{}' }} }}", origin)),
        ElementsAre("E1008"))
        << origin;
  EXPECT_THAT(codes_of("a: { path: /a, to: s, cors: { origins: ['null', 'app://x:1'] } }"),
              IsEmpty());
  EXPECT_THAT(codes_of("a: { path: /a, to: nothing }"), Contains("E1012"));
  EXPECT_THAT(codes_of("a: { path: /a, function: nothing }"), Contains("E1012"));
}

TEST_F(Routes, SameRequestsAreServedByOneRoute) {
  EXPECT_THAT(codes_of("a: { path: \"/{x}\", to: s }\n  b: { path: \"/{y}\", to: s }"),
              ElementsAre("E7062"));
  EXPECT_THAT(codes_of("a: { method: [GET, PUT], path: /a, to: s }\n"
                       "  b: { method: [PUT], path: /a, to: s }"),
              ElementsAre("E7062"));
  EXPECT_THAT(codes_of("a: { method: GET, path: /a, to: s }\n  b: { path: /a, to: s }\n"
                       "  c: { path: \"/{x}\", to: s }"),
              IsEmpty());
}

TEST_F(Routes, NameTheirListenerUnlessThereIsOne) {
  const std::string two = "{ x: { address: 127.0.0.1:80 }, y: { address: 127.0.0.1:81 } }";
  EXPECT_THAT(codes(config("a: { path: /a, to: s }", two)), ElementsAre("E7061"));
  EXPECT_THAT(problems(config("a: { path: /a, to: s, on: z }", two)),
              ElementsAre(HasSubstr("E7061 route a is on the listener \"z\"")));
  EXPECT_THAT(codes(config("a: { path: /a, to: s, on: x }\n  b: { path: /a, to: s, on: y }", two)),
              IsEmpty());
  EXPECT_THAT(codes(config("a: { path: /a, to: s }", "{}")), ElementsAre("E7061"));
  EXPECT_THAT(codes(config("a: { path: /a, to: s, on: x }",
                           "{ x: { address: 127.0.0.1:80 }, y: { address: 127.0.0.1:80 } }")),
              ElementsAre("E7062"));
}

TEST_F(Routes, ChangesAreInThePlan) {
  const Config before = good(config("a: { path: /a, to: s }\n  b: { path: /b, to: s }"));
  const Config after = good(config("a: { path: /x, to: s }", "{ web: { address: 127.0.0.1:81 } }"));
  const Plan plan = config::plan(before, after, kinds_);
  EXPECT_EQ(plan.find(PartKind::listener, "web")->action, Action::change);
  EXPECT_EQ(plan.find(PartKind::route, "a")->action, Action::change);
  EXPECT_EQ(plan.find(PartKind::route, "b")->action, Action::remove);
  EXPECT_EQ(plan.find(PartKind::stream, "s"), nullptr);
  EXPECT_THAT(plan.refusals, IsEmpty());
}

TEST_F(Routes, AGuardWithNothingBehindItIsNoOpenDoor) {
  for (const char* option : {"api_keys:", "api_keys: null", "schema:", "api_keys: [ \" a\" ]",
                             "api_keys: \"a\\r\"", "signature: ~"})
    EXPECT_THAT(codes_of(std::string("a: { path: /a, function: f, ") + option + " }"),
                Contains(testing::AnyOf("E1006", "E1008")))
        << option;
  EXPECT_THAT(problems(config("a: { path: /a, function: f, api_keys: }")),
              ElementsAre(HasSubstr("E1006 api_keys has no value")));
  const auto listener = [&](const std::string& tls) {
    return codes(config("a: { path: /a, function: f }",
                        "{ web: { address: 127.0.0.1:80, tls: " + tls + " } }"));
  };
  const std::string files =
      "certificate: " + write("c", "").string() + ", key: " + write("k", "").string();
  EXPECT_THAT(listener("{ " + files + " }"), IsEmpty());
  EXPECT_THAT(listener("{ " + files + ", client_ca: }"), ElementsAre("E1006"));
}

TEST_F(Routes, CertificatesAreLookedAtWhereTheyAreNamed) {
  kinds_.check_certificates = [](const ListenerTls& tls) -> Status {
    if (tls.key.filename() == "old") return fail(ErrorKind::invalid, "E5030", "has expired");
    return fail(ErrorKind::invalid, "E5014", "is not a certificate");
  };
  const auto found = [&](const std::string& key) {
    return problems(config("a: { path: /a, function: f }",
                           "\n  web:\n    address: 127.0.0.1:80\n    tls: { certificate: " +
                               write("c", "").string() + ", key: " + key + " }"));
  };
  EXPECT_THAT(found(write("k", "").string()),
              ElementsAre("8:25 E5014 listener web: is not a certificate"));
  EXPECT_THAT(found(write("old", "").string()),
              ElementsAre("8:25 E5030 listener web: has expired"));
  EXPECT_THAT(found("missing"), ElementsAre(HasSubstr("E1008"))) << "said once";
}

TEST_F(Routes, ListenersNameTheirProxiesAndTheirLog) {
  const auto with = [&](const std::string& options) {
    return config("a: { path: /a, function: f }",
                  "{ web: { address: 127.0.0.1:80, " + options + " } }");
  };
  const std::string log = (make_folder("logs") / "access.log").string();
  const Listener listener =
      good(with("trusted_proxies: [10.0.0.0/8, \"::1\"], proxy_headers: forwarded, access_log: " +
                log))
          .listeners[0];
  ASSERT_EQ(listener.trusted_proxies.size(), 2U);
  EXPECT_TRUE(listener.trusted_proxies[0].contains(*parse_address("10.9.8.7")));
  EXPECT_EQ(listener.proxy_headers, ProxyHeaders::standard);
  EXPECT_EQ(listener.access_log->file, log);
  EXPECT_EQ(listener.access_log->format, AccessLogFormat::json);
  EXPECT_EQ(good(with("access_log: { file: " + log + ", format: combined }"))
                .listeners[0]
                .access_log->format,
            AccessLogFormat::combined);
  EXPECT_THAT(problems(with("trusted_proxies: 10.0.0.1/8")),
              ElementsAre(HasSubstr("E1008 trusted_proxies: \"10.0.0.1/8\" has bits behind its")));
  EXPECT_THAT(codes(with("trusted_proxies: [localhost, 10.0.0.0/33]")),
              ElementsAre("E1008", "E1008"));
  EXPECT_THAT(codes(with("trusted_proxies: 0.0.0.0/0")), ElementsAre("E5031"));
  EXPECT_THAT(codes(with("access_log: { format: json }")), ElementsAre("E1006"));
  EXPECT_THAT(codes(with("access_log: " + folder_.string() + "/missing/access.log")),
              ElementsAre("E1008"));
}

}  // namespace
}  // namespace pelton::config
