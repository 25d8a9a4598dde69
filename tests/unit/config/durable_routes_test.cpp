// SPDX-License-Identifier: Apache-2.0
#include "engine/config/durable_routes.h"

#include "engine/config/plan.h"
#include "tests/unit/config/fixture.h"

#include <gmock/gmock.h>

namespace pelton::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class DurableRoutes : public ConfigTest {
 protected:
  static std::string config(const std::string& route) {
    return "version: 1\nstreams: { paid: { retention: { time: 1d } } }\n"
           "functions: { f: { runtime: cpp, code: /bin/true } }\n"
           "bindings: { b: { from: paid, function: f } }\n"
           "listeners: { web: { address: 127.0.0.1:80 } }\n"
           "routes: { r: { path: /r, function: f" +
           route + " } }\n";
  }
};

TEST_F(DurableRoutes, HaveTwoStreamsAndABinding) {
  const Config made = good(config(", durable: true"));
  ASSERT_NE(made.find_stream("r.calls"), nullptr);
  ASSERT_NE(made.find_stream("r.results"), nullptr);
  EXPECT_EQ(made.find_stream("r.results")->partitions, 1U);
  EXPECT_EQ(made.find_stream("r.results")->retention.time, std::chrono::hours(25))
      << "for longer than their keys are remembered";
  const Binding& binding = made.bindings.back();
  EXPECT_EQ(binding.name + " " + binding.from + " " + binding.function, "r.calls r.calls f");
  EXPECT_EQ(binding.durable_route, "r");
  EXPECT_THAT(binding.to, ElementsAre("r.results"));
}

TEST_F(DurableRoutes, AreDeliveredOneByOneInNoOrder) {
  const Delivery& delivery = good(config(", durable: true")).bindings.back().delivery;
  EXPECT_EQ(delivery.order, model::Order::none);
  EXPECT_EQ(delivery.batch.events, 1U);
  EXPECT_EQ(delivery.breaker.failures, 0U);
  EXPECT_EQ(delivery.retry.attempts, Retry{}.attempts);
}

TEST_F(DurableRoutes, HaveOptions) {
  const Config made =
      good(config(", durable: { keep: 7d, keys: 5, require_key: true, to: paid, retry: 2 }"));
  const DurableCalls& calls = *made.routes.front().durable;
  EXPECT_EQ(calls.keep, std::chrono::days(7));
  EXPECT_EQ(calls.keys, 5U);
  EXPECT_TRUE(calls.require_key);
  EXPECT_THAT(made.bindings.back().to, ElementsAre("r.results", "paid"));
  EXPECT_EQ(made.bindings.back().delivery.retry.attempts, 2U);
}

TEST_F(DurableRoutes, TheCommandToTryOneHasTheKeyThatItRequires) {
  const auto command = [&](const std::string& route) {
    return curl_command(good(config(route)).routes.front(), "http://x");
  };
  EXPECT_EQ(command(", method: POST, durable: { require_key: true }"),
            "curl -H 'Idempotency-Key: 1' --json '{}' http://x/r");
  EXPECT_EQ(command(", method: POST, durable: true"), "curl --json '{}' http://x/r");
}

TEST_F(DurableRoutes, CanBeSwitchedOff) {
  for (const char* off : {"", ", durable: false", ", durable: { enabled: false, keep: 1h }"}) {
    const Config made = good(config(off));
    EXPECT_FALSE(made.routes.front().durable) << off;
    EXPECT_EQ(made.bindings.size(), 1U) << off;
  }
}

TEST_F(DurableRoutes, AStreamThatOnlyTheyWriteIsUsed) {
  EXPECT_THAT(problems("version: 1\nstreams: { paid: { retention: { time: 1d } } }\n"
                       "functions: { f: { runtime: cpp, code: /bin/true } }\n"
                       "listeners: { web: { address: 127.0.0.1:80 } }\n"
                       "routes: { r: { path: /r, function: f, durable: { to: paid } } }\n"),
              IsEmpty());
}

TEST_F(DurableRoutes, AreInThePlanOfAChange) {
  std::vector<std::string> changes;
  for (const PartChange& change :
       plan(good(config("")), good(config(", durable: true")), kinds_).changes)
    changes.push_back(std::string(to_string(change.kind)) + " " + change.name);
  EXPECT_THAT(changes, UnorderedElementsAre("stream r.calls", "stream r.results", "binding r.calls",
                                            "route r"));
}

}  // namespace
}  // namespace pelton::config
