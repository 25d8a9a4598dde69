// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/config/specs.h"
#include "engine/config/yaml_tree.h"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace pelton::config {

// Looks up a variable of the environment: a parameter, so that tests need not set any.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// What every part of the reading shares.
struct ReadContext {
  Diagnostics& problems;
  std::filesystem::path folder;  // of the config file: relative paths begin here
  const Environment& environment;
};

class Section;
// Reads a mapping as its spec says. `extra` are keys that the caller reads itself (a connector's
// type).
Section read_section(const Node& node, const SectionSpec& spec, ReadContext& context,
                     const std::vector<std::string>& extra = {});

// Value. A section as read: options by their dotted path ("retry.backoff.first"), defaults filled
// in. What had a problem is absent, or has its default.
class Section {
 public:
  template <typename T>
  std::optional<T> get(const std::string& path) const {
    const auto at = values_.find(path);
    if (at == values_.end()) return std::nullopt;
    return std::get<T>(at->second);
  }
  // An option with a default, which is there whatever the file says.
  template <typename T>
  T value(const std::string& path) const {
    return get<T>(path).value_or(T{});
  }
  // Where it stands; the section's own place when it is not in the file.
  Place place(const std::string& path) const;
  const Node* node(const std::string& path) const;
  const OptionValues& values() const { return values_; }

 private:
  friend class SectionReader;
  friend Section read_section(const Node&, const SectionSpec&, ReadContext&,
                              const std::vector<std::string>&);
  OptionValues values_;
  std::map<std::string, const Node*> nodes_;
  Place place_;
};

// A scalar's text with ${env:NAME} and ${file:path} replaced; nothing (and a problem) when one is
// missing.
// $${ is a literal ${.
std::optional<std::string> expand(const Node& scalar, ReadContext& context);

// One value of a type, as an option or its default would be.
Result<OptionValue> parse_value(const OptionSpec& spec, const std::string& text, bool quoted,
                                const std::filesystem::path& folder);

}  // namespace pelton::config
