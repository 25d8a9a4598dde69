// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/connector.h"
#include "engine/config/spec/option_change.h"
#include "engine/config/spec/option_spec.h"

#include <any>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pelton::config {

class Section;
template <typename Struct>
class Fields;

// Value. One direction of a kind of connector: its options, and how they become its settings.
struct ConnectorSide {
  SectionSpec spec;
  // The settings of a section that was read by the spec, and where they lead. Contradictions among
  // the options are problems, each at the place of its option.
  std::function<std::any(const Section&, ReadContext&)> read;
  std::function<std::vector<Location>(const std::any& settings)> locations;
  // Adds what differs; null: there are no settings, all options are at their defaults.
  std::function<void(const std::any* before, const std::any* after, const std::string& prefix,
                     OptionChanges& out)>
      differences;
};

// Value. The options of one kind of connector ("directory").
struct ConnectorOptions {
  std::string type;  // the key in the config file
  std::string sentence;
  std::optional<ConnectorSide> source;  // absent: it has no such direction
  std::optional<ConnectorSide> sink;

  const std::optional<ConnectorSide>& side(Direction direction) const {
    return direction == Direction::source ? source : sink;
  }
};

// A side whose settings are of type T, which is copied. Fields::then has its checks.
template <typename T>
ConnectorSide connector_side(Fields<T> fields, std::vector<Location> (*locations)(const T&)) {
  ConnectorSide side;
  side.spec = fields.spec();
  side.differences = [fields](const std::any* before, const std::any* after,
                              const std::string& prefix, OptionChanges& out) {
    const auto settings = [](const std::any* any) { return std::any_cast<T>(any); };
    fields.differences({settings(before), settings(after), prefix}, out);
  };
  side.read = [fields = std::move(fields)](const Section& section, ReadContext& context) {
    T settings;
    fields.fill(section, "", context, settings);
    return std::any(std::move(settings));
  };
  side.locations = [locations](const std::any& settings) {
    return locations(std::any_cast<const T&>(settings));
  };
  return side;
}

// The location of a folder: its links are resolved as far as it exists.
Location folder_location(const std::filesystem::path& folder, bool written);

}  // namespace pelton::config
