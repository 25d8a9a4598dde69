// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/config/fixture.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace pelton::config {
namespace {

class Loops : public ConfigTest {
 protected:
  // Streams a, b and c, function f, and these connectors and bindings.
  static std::string with(const std::string& connectors, const std::string& bindings) {
    return "version: 1\nstreams: { a: {}, b: {}, c: {} }\n"
           "functions: { f: { runtime: cpp, code: /bin/true } }\n"
           "connectors: {" +
           connectors + "}\nbindings: {" + bindings + "}\n";
  }
  std::size_t count(const std::string& text) const {
    const auto all = codes(text);
    return static_cast<std::size_t>(std::ranges::count(all, "E1013"));
  }
  static constexpr const char* kThrough = "x: { from: a, function: f, to: b }";
};

// Streams a (topic orders) and b (orders.dead, by another of the brokers), c (bills).
class LetterLoops : public ConfigTest {
 protected:
  std::vector<std::string> codes_with(const std::string& bindings) const {
    return codes(
        "version: 1\nstreams:\n"
        "  a: { kafka: { brokers: [\"x:1\", \"y:1\"], topic: orders } }\n"
        "  b: { kafka: { brokers: [\"y:1\"], topic: orders.dead } }\n"
        "  c: { kafka: { brokers: [\"x:1\"], topic: bills } }\n"
        "functions: { f: { runtime: cpp, code: /bin/true } }\n"
        "bindings: {" +
        bindings + "}\n");
  }
  std::size_t count(const std::string& bindings, const std::string& code) const {
    const auto all = codes_with(bindings);
    return static_cast<std::size_t>(std::ranges::count(all, code));
  }
};

TEST_F(LetterLoops, TheSourceItselfIsRefused) {
  EXPECT_EQ(count("x: { from: a, function: f, dead_letters: { topic: orders } }", "E1019"), 1U);
  EXPECT_EQ(count("x: { from: a, function: f, dead_letters: { topic: orders } }", "E1013"), 0U);
}

TEST_F(LetterLoops, AWayBackThroughAnotherBindingIsRefused) {
  EXPECT_EQ(count("x: { from: a, function: f, dead_letters: { topic: orders.dead } }, "
                  "y: { from: b, function: f, to: a }",
                  "E1013"),
            1U);
}

TEST_F(LetterLoops, LettersOfOneAreTheSourceOfTheOtherAndBack) {
  EXPECT_EQ(count("x: { from: a, function: f, dead_letters: { topic: orders.dead } }, "
                  "y: { from: b, function: f, dead_letters: { topic: orders } }",
                  "E1013"),
            1U);
}

TEST_F(LetterLoops, TheTopicOfOutputsThatComeBackIsRefused) {
  EXPECT_EQ(count("x: { from: a, function: f, to: c, dead_letters: { topic: bills } }, "
                  "y: { from: c, function: f, to: a }",
                  "E1013"),
            1U);
}

TEST_F(LetterLoops, ATopicThatIsReadOnIsNone) {
  EXPECT_EQ(count("x: { from: a, function: f, dead_letters: { topic: orders.dead } }, "
                  "y: { from: b, function: f, to: c, dead_letters: { topic: worse } }",
                  "E1013"),
            0U);
}

TEST_F(Loops, ABindingBackToItsStream) {
  EXPECT_EQ(count(with("", "x: { from: a, function: f, to: a }")), 1U);
}

TEST_F(Loops, ACircleOfBindings) {
  EXPECT_EQ(count(with("",
                       "x: { from: a, function: f, to: b }, y: { from: b, function: f, to: c }, "
                       "z: { from: c, function: f, to: a }")),
            1U);
}

TEST_F(Loops, ABranchThatMeetsAgainIsNone) {
  EXPECT_EQ(count(with("",
                       "x: { from: a, function: f, to: b }, y: { from: a, function: f, to: c }, "
                       "z: { from: b, function: f, to: c }")),
            0U);
}

TEST_F(Loops, ASinkIntoTheTopicOfASource) {
  const auto topics = [](const char* out) {
    return with(fmt::format("in: {{ kafka: {{ brokers: [h1:1, h2:1], topic: t }}, to: a }}, "
                            "out: {{ kafka: {{ {} }}, from: b }}",
                            out),
                kThrough);
  };
  EXPECT_EQ(count(topics("brokers: [h1:1, h2:1], topic: t")), 1U);
  EXPECT_EQ(count(topics("brokers: h2:1, topic: t")), 1U) << "one broker in common";
  EXPECT_EQ(count(topics("brokers: h1:1, topic: other")), 0U);
  EXPECT_EQ(count(topics("brokers: h3:1, topic: t")), 0U);
}

TEST_F(Loops, ATopicThatIsAStreamAsWell) {
  const std::string text =
      "version: 1\nstreams: { a: {}, t: { kafka: { brokers: [h:1], topic: t } } }\n"
      "functions: { f: { runtime: cpp, code: /bin/true } }\n"
      "connectors: { in: { kafka: { brokers: [h:1], topic: t }, to: a } }\n"
      "bindings: { x: { from: a, function: f, to: t } }\n";
  EXPECT_EQ(count(text), 1U);
}

TEST_F(Loops, TheWholeWayIsShown) {
  const auto all =
      problems(with("in: { kafka: { brokers: [h:1], topic: t }, to: a }, "
                    "out: { kafka: { brokers: [h:1], topic: t }, from: b }",
                    kThrough));
  const auto shown = [](const std::string& text) {
    return text.find(
               "a loop: stream a -> binding x -> stream b -> sink out -> topic t -> "
               "source in -> stream a") != std::string::npos;
  };
  EXPECT_EQ(std::ranges::count_if(all, shown), 1);
}

TEST_F(Loops, TheEnginesDataInASourceIsWarnedOf) {
  EXPECT_EQ(codes("version: 1\nstreams: { a: { retention: { time: 1d } } }\n"
                  "connectors: { in: { files: { path: . }, to: a } }\n"),
            std::vector<std::string>{"E1103"});
}

// As many parts as a file can hold: neither deep recursion nor quadratic work.
TEST_F(Loops, ALongChainIsCheckedInTime) {
  std::string text = "version: 1\nfunctions: {f: {runtime: cpp, code: /bin/true}}\nstreams:\n";
  constexpr int kLinks = 6'000;
  for (int i = 0; i <= kLinks; ++i) text += fmt::format(" s{}:\n", i);
  text += "bindings:\n";
  for (int i = 0; i <= kLinks; ++i)
    text +=
        fmt::format(" b{}: {{from: s{}, function: f, to: s{}}}\n", i, i, (i + 1) % (kLinks + 1));
  const auto start = std::chrono::steady_clock::now();
  const auto all = problems(text);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_NE(all[0].find("E1013"), std::string::npos);
  EXPECT_LT(all[0].size(), 900U);
}

}  // namespace
}  // namespace pelton::config
