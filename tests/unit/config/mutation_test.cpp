// SPDX-License-Identifier: Apache-2.0
// Random changes of a good config end in a config or in problems, never otherwise. Seeded: a
// failing round prints its number.
#include "tests/unit/config/fixture.h"

#include <random>

namespace pelton::config {
namespace {

class Mutations : public ConfigTest {
 protected:
  std::string mutated(std::string text) {
    const std::size_t changes = 1 + random_() % 6;
    for (std::size_t i = 0; i < changes; ++i) change(text);
    return text;
  }

 private:
  void change(std::string& text) {
    static const std::vector<std::string> words{
        "&a ",   "*a",   "<<: *a", "!!str ", "~",   "---\n", "${env:X}", "${file:/dev/null}",
        "- ",    "? ",   ": ",     "\t",     "|\n", "[",     "]",        "{",
        "}",     "\"",   "'",      "%",      "@",   "`",     "0x10",     "-1",
        "1e999", "true", "null",   "\n  ",   "\r"};
    if (text.empty()) text = "x";
    const std::size_t at = random_() % text.size();
    switch (random_() % 6) {
      case 0:
        text[at] = static_cast<char>(random_());
        break;
      case 1:
        text.erase(at, 1 + random_() % 20);
        break;
      case 2:
        text.insert(at, text.substr(random_() % text.size(), random_() % 60));
        break;
      case 3:
        swap_lines(text);
        break;
      case 4:
        text.resize(at);
        break;
      default:
        text.insert(at, words[random_() % words.size()]);
    }
  }

  void swap_lines(std::string& text) {
    const std::size_t a = text.rfind('\n', random_() % text.size());
    const std::size_t b = a == std::string::npos ? a : text.find('\n', a + 1);
    if (b == std::string::npos) return;
    const std::string line = text.substr(a, b - a);
    text.erase(a, b - a);
    text.insert(random_() % (text.size() + 1), line);
  }

  std::mt19937 random_{20'261'124};
};

TEST_F(Mutations, EndInAConfigOrInProblems) {
  variables_["OF_A"] = "a";
  const std::string whole = whole_config();
  std::size_t configs = 0;
  for (int round = 0; round < 6'000; ++round) {
    const auto found = loaded(mutated(whole));
    bool errors = false;
    for (const Diagnostic& problem : found.problems) {
      errors |= problem.severity == Severity::error;
      EXPECT_GE(problem.place.line, 1U) << "round " << round << ": " << problem.message;
      EXPECT_FALSE(problem.message.empty()) << "round " << round;
    }
    EXPECT_EQ(found.config.has_value(), !errors) << "round " << round;
    if (found.config) ++configs;
  }
  // The changes are small enough that both ends are reached.
  EXPECT_GT(configs, 50U);
  EXPECT_LT(configs, 5'000U);
}

}  // namespace
}  // namespace pelton::config
