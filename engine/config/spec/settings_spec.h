// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/spec/option_change.h"
#include "engine/config/spec/option_spec.h"

#include <any>
#include <functional>
#include <string>
#include <utility>

namespace pelton::config {

struct ReadContext;
class Section;
template <typename Struct>
class Fields;

// Value. Options that the config knows by their spec alone, and how they become settings of a type
// that only their owner knows.
struct SettingsSpec {
  SectionSpec spec;
  // The settings of a section that was read by the spec; `prefix` as in Fields::fill.
  // Contradictions among the options are problems, each at the place of its option.
  std::function<std::any(const Section&, const std::string& prefix, ReadContext&)> read;
  // Adds what differs; null: there are no settings, all options are at their defaults.
  std::function<void(const std::any* before, const std::any* after, const std::string& prefix,
                     OptionChanges& out)>
      differences;
};

// Settings of type T, which is copied. Fields::then has their checks.
template <typename T>
SettingsSpec settings_spec(Fields<T> fields) {
  SettingsSpec settings;
  settings.spec = fields.spec();
  settings.differences = [fields](const std::any* before, const std::any* after,
                                  const std::string& prefix, OptionChanges& out) {
    const auto of = [](const std::any* any) { return std::any_cast<T>(any); };
    fields.differences({of(before), of(after), prefix}, out);
  };
  settings.read = [fields = std::move(fields)](const Section& section, const std::string& prefix,
                                               ReadContext& context) {
    T out;
    fields.fill(section, prefix, context, out);
    return std::any(std::move(out));
  };
  return settings;
}

}  // namespace pelton::config
