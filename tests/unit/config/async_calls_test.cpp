// SPDX-License-Identifier: Apache-2.0
#include "engine/config/async_calls.h"

#include "engine/config/plan.h"
#include "tests/unit/config/fixture.h"

#include <gmock/gmock.h>

namespace pelton::config {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class AsyncCalls : public ConfigTest {
 protected:
  static std::string config(const std::string& function, bool lambda) {
    return "version: 1\nstreams: { s: { retention: { time: 1d } } }\n"
           "functions: { f: { runtime: cpp, code: /bin/true" +
           function + " } }\nbindings: { b: { from: s, function: f } }\nlisteners: { web: { " +
           "address: 127.0.0.1:80" + (lambda ? ", lambda: true" : "") + " } }\n";
  }
};

TEST_F(AsyncCalls, HaveAStreamAndABindingWhereTheyAreWanted) {
  EXPECT_THAT(good(config("", false)).bindings, SizeIs(1));
  EXPECT_THAT(good(config(", async: {}", false)).bindings, SizeIs(2));
  const Config made = good(config("", true));
  ASSERT_NE(made.find_stream("f.async"), nullptr);
  EXPECT_EQ(made.find_stream("f.async")->retention.time, std::chrono::hours(24));
  const Binding& binding = made.bindings.back();
  EXPECT_EQ(binding.name + " " + binding.from + " " + binding.function, "f.async f.async f");
  EXPECT_TRUE(binding.async_calls);
  EXPECT_TRUE(binding.to.empty());
}

TEST_F(AsyncCalls, AreRetriedAsAtAws) {
  const Delivery& delivery = good(config("", true)).bindings.back().delivery;
  EXPECT_EQ(delivery.order, model::Order::none);
  EXPECT_EQ(delivery.batch.events, 1U);
  EXPECT_EQ(delivery.breaker.failures, 0U);
  EXPECT_EQ(delivery.retry.attempts, 3U);
  EXPECT_EQ(delivery.retry.first, std::chrono::minutes(1));
  EXPECT_EQ(delivery.retry.factor, 2);
  EXPECT_EQ(delivery.retry.jitter, 0);
  EXPECT_EQ(delivery.retry.max_age, std::chrono::hours(6));
}

TEST_F(AsyncCalls, HaveOptions) {
  const Config made = good(
      config(", async: { retries: 0, retry_after: 5s, max_age: 1m, on_success: s, on_failure: s }",
             false));
  const Binding& binding = made.bindings.back();
  EXPECT_EQ(binding.delivery.retry.attempts, 1U);
  EXPECT_EQ(binding.delivery.retry.first, std::chrono::seconds(5));
  EXPECT_EQ(binding.delivery.retry.max_age, std::chrono::minutes(1));
  EXPECT_EQ(binding.to, std::vector<std::string>{"s"});
  EXPECT_EQ(made.functions.front().async->on_failure, "s");
}

TEST_F(AsyncCalls, WhatAListenerServesIsUsed) {
  const std::string text =
      "version: 1\nfunctions: { f: { runtime: cpp, code: /bin/true } }\n"
      "listeners: { web: { address: 127.0.0.1:80, lambda: true } }\n";
  EXPECT_THAT(problems(text), IsEmpty());
}

TEST_F(AsyncCalls, AreInThePlanOfAChange) {
  const Config before = good(config("", false));
  const Config after = good(config("", true));
  std::vector<std::string> changes;
  for (const PartChange& change : plan(before, after, kinds_).changes)
    changes.push_back(std::string(to_string(change.kind)) + " " + change.name);
  EXPECT_THAT(changes,
              ::testing::UnorderedElementsAre("stream f.async", "binding f.async", "listener web"));
}

}  // namespace
}  // namespace pelton::config
