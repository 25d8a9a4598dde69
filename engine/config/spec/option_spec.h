// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/spec/option_value.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pelton::config {

enum class OptionType {
  boolean,
  number,     // std::int64_t
  real,       // double
  size,       // std::uint64_t, with a unit
  duration,   // Duration, with a unit
  text,       // std::string
  path,       // std::filesystem::path, relative to the config file, absolute after loading
  choice,     // std::string, one of `choices`
  text_list,  // std::vector<std::string>; a single string is a list of one
  text_map,   // a mapping of names to texts; read by whoever owns the option
  value,      // any YAML value; read by whoever owns the option
  filter,     // conditions on fields; read by parse_filter
};

// Value. One option: the only source of its parsing, its errors, `pelton describe`, the JSON Schema
// and its line in docs/reference. Text fields are sentences for the operator, in English, Markdown
// allowed.
struct OptionSpec {
  std::string name;
  OptionType type = OptionType::text;
  std::string sentence;  // what it does
  std::string fallback;  // the default as one would write it; empty with required=false: unset
  bool required = false;
  std::string at_least;  // bounds as one would write them; empty: none
  std::string at_most;
  std::vector<std::string> choices;
  std::string example;
  bool secret = false;  // its value is never shown
  // It keeps something out: a key with nothing behind it is an error, not an option left out.
  bool guards = false;
};

enum class SectionShape {
  one,     // a mapping of its options
  listed,  // a list of such mappings
  named,   // a mapping of names, which the user chooses, to such mappings
};

// Value. A mapping of the config file: its options and the mappings within it. The only description
// of both.
struct SectionSpec {
  std::string name;  // its key; "streams" names a mapping of names to this section
  std::string sentence;
  std::vector<OptionSpec> options;
  std::vector<SectionSpec> sections;
  // The option whose value may be given in place of a mapping ("retry: 5"); empty: none.
  std::string shorthand{};
  SectionShape shape = SectionShape::one;
};

}  // namespace pelton::config
