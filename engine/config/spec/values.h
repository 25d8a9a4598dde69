// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/config/spec/option_spec.h"
#include "engine/config/spec/option_value.h"

#include <filesystem>
#include <string>

namespace pelton::config {

// One value of a type, as an option or its default would be. `quoted`: "4" is text and no number,
// as YAML has it. Relative paths begin in `folder`. Errors are `invalid` with the code of the
// problem; the message shows the text.
Result<OptionValue> parse_value(const OptionSpec& spec, const std::string& text, bool quoted,
                                const std::filesystem::path& folder);

// E1009 when the value lies outside the option's bounds; `shown` is what the message calls it.
Status check_bounds(const OptionSpec& spec, const OptionValue& value, const std::string& shown);

// "a size such as 512MiB": what the option takes, in words.
std::string wanted(const OptionSpec& spec);
// "a whole number (`attempts`) or a mapping": what stands behind the section's key, or of a listed
// or named one, what an entry of it is.
std::string wanted(const SectionSpec& spec);
std::string wanted_entry(const SectionSpec& spec);

// The option whose value may be given in place of the section's mapping; null: none.
const OptionSpec* shorthand_of(const SectionSpec& spec);

}  // namespace pelton::config
