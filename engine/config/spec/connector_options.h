// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/connector.h"
#include "engine/config/spec/settings_spec.h"

#include <any>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pelton::config {

// Value. One direction of a kind of connector: its options, and where its settings lead.
struct ConnectorSide {
  SettingsSpec options;
  std::function<std::vector<Location>(const std::any& settings)> locations;
  // A source that routes may notify (`notify`).
  bool takes_notices = false;
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

template <typename T>
ConnectorSide connector_side(Fields<T> fields, std::vector<Location> (*locations)(const T&)) {
  return {settings_spec(std::move(fields)),
          [locations](const std::any& settings) {
            return locations(std::any_cast<const T&>(settings));
          },
          false};
}

// The location of a folder: its links are resolved as far as it exists.
Location folder_location(const std::filesystem::path& folder, bool written);

}  // namespace pelton::config
