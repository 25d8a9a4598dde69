// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/spec/option_spec.h"
#include "engine/config/spec/option_value.h"
#include "engine/config/spec/values.h"
#include "engine/config/yaml/expand.h"
#include "engine/config/yaml/tree.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::config {

// Keys that begin with "x-" are the user's own: ignored in every section.
bool is_extension(std::string_view key);

// E1011 unless it is what a user may call a part of the config.
void check_name(const Node& name, Diagnostics& problems);

// The path of an entry of a listed or named section: "routes[0]", "limits[cpu]".
std::string entry_path(const std::string& path, const std::string& entry);

class Section;
// Reads a mapping as its spec says. `label` names it in messages ("binding bill"); `extra` are keys
// that the caller reads itself (a connector's type).
Section read_section(const Node& node, const SectionSpec& spec, const std::string& label,
                     ReadContext& context, const std::vector<std::string>& extra = {});

// Value. A section as read: options by their dotted path ("retry.backoff.first"), defaults filled
// in. What had a problem has its default, or is absent. Borrows the tree.
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
  // Options and sections that the file has, good or not; else null.
  const Node* node(const std::string& path) const;
  // The entries of a listed or named section, as they are in paths: "0", "1"; "cpu".
  std::vector<std::string> entries(const std::string& path) const;
  // What follows in a message that an option's text is wrong: "; retry takes a whole number
  // (`attempts`) or a mapping" where the text is in place of a mapping, else nothing.
  std::string hint(const std::string& path) const;
  // The option's text as a message may show it: before expansion.
  std::string written(const std::string& path) const;
  const OptionValues& values() const { return values_; }
  // What messages call it: "binding bill".
  const std::string& label() const { return label_; }

 private:
  friend class SectionReader;
  OptionValues values_;
  std::map<std::string, const Node*> nodes_;
  std::map<std::string, std::string> hints_;
  Place place_;
  std::string label_;
};

// Notes that the section names a stream or function by this option, if it is there.
void refer(const Section& section, const std::string& path, Reference::Kind kind,
           ReadContext& context);

// The same for each element of a list, or the only one.
void refer_each(const Section& section, const std::string& path, Reference::Kind kind,
                ReadContext& context);

// E1008: the option names a file that does not exist. An empty path is fine.
void require_file(const Section& section, const std::string& path,
                  const std::filesystem::path& file, ReadContext& context);

}  // namespace pelton::config
