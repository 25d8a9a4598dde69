// SPDX-License-Identifier: Apache-2.0
#include "engine/config/specs.h"

#include "engine/config/spec/values.h"
#include "tests/unit/config/fixture.h"

#include <set>

namespace pelton::config {
namespace {

// Calls visit(option) for each option, also of the sections within.
template <typename Visit>
void each_option(const SectionSpec& section, Visit visit) {
  for (const OptionSpec& option : section.options) visit(option);
  for (const SectionSpec& child : section.sections) each_option(child, visit);
}

// Defaults and bounds are not checked again when a file is read.
TEST(Specs, DefaultsAndBoundsAreValuesOfTheirOptions) {
  for (const TopLevel& top : top_levels(sample_kinds()))
    each_option(top.spec, [&](const OptionSpec& option) {
      for (const std::string& text : {option.fallback, option.at_least, option.at_most}) {
        if (text.empty()) continue;
        const auto value = parse_value(option, text, false, "/");
        ASSERT_TRUE(value) << top.key << " " << option.name << " = " << text;
        EXPECT_TRUE(check_bounds(option, *value, text)) << top.key << " " << option.name;
      }
    });
}

TEST(Specs, EveryOptionSaysWhatItDoes) {
  for (const TopLevel& top : top_levels(sample_kinds()))
    each_option(top.spec, [&](const OptionSpec& option) {
      EXPECT_TRUE(option.sentence.ends_with('.') || option.sentence.ends_with(").") ||
                  option.sentence.ends_with("..."))
          << top.key << " " << option.name;
      if (option.type == OptionType::choice) {
        EXPECT_FALSE(option.choices.empty()) << option.name;
      }
    });
}

TEST(Specs, ExamplesAreValuesOfTheirOptions) {
  for (const TopLevel& top : top_levels(sample_kinds()))
    each_option(top.spec, [&](const OptionSpec& option) {
      if (!option.example.empty() && option.type != OptionType::filter) {
        EXPECT_TRUE(parse_value(option, option.example, false, "/")) << option.name;
      }
    });
}

TEST(Specs, NoNameStandsTwice) {
  for (const TopLevel& top : top_levels(sample_kinds())) {
    std::set<std::string> names;
    for (const OptionSpec& option : top.spec.options)
      EXPECT_TRUE(names.insert(option.name).second) << option.name;
    for (const SectionSpec& child : top.spec.sections)
      EXPECT_TRUE(names.insert(child.name).second) << child.name;
  }
}

}  // namespace
}  // namespace pelton::config
