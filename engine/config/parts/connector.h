// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/delivery.h"
#include "engine/config/spec/option_change.h"
#include "engine/config/yaml/place.h"

#include <any>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pelton::config {

struct ConnectorOptions;
struct Node;
struct ReadContext;
struct SectionSpec;

enum class Direction { source, sink };

// Value. Something outside the engine that a connector reads or writes. Two connectors that meet
// at one make a loop possible, which validation refuses.
struct Location {
  std::string name;             // "folder /x", "topic orders", "bucket b/prefix"
  std::vector<std::string> at;  // what tells equal names apart (brokers): one in common is the same
  bool written = false;         // else it is read
  // Of a folder: its path, links resolved. What is below it belongs to it.
  std::filesystem::path folder;
  // Of a system whose readers share a position under a name: that name.
  std::string group;
  // Of a bucket: its name, and what the keys of the objects begin and end with (one of them; empty:
  // anything).
  std::string bucket{};
  std::string prefix{};
  std::vector<std::string> suffixes{};

  // Of two places in a bucket: an object may be in both.
  bool overlaps(const Location& other) const;
  bool same(const Location& other) const;
};

// Value.
struct Connector {
  std::string name;
  Place place;
  std::string type;  // "directory": the key that holds its options
  // Its own options, as the type that its ConnectorSide reads; only the connector looks inside.
  std::any settings;
  std::vector<Location> locations;
  Direction direction = Direction::source;
  bool takes_notices = false;  // see ConnectorSide
  std::string stream;          // to (source) or from (sink)
  Delivery delivery;  // a sink is a binding whose worker is the connector; unused for sources
};

// The consumer group of a sink whose stream is a topic.
std::string group_of(const Connector& sink);

// What every connector has beside the options of its type.
const SectionSpec& connector_spec();
// Nothing, and a problem, where not even the kind is known.
std::optional<Connector> parse_connector(const std::string& name, const Node& node,
                                         std::span<const ConnectorOptions> types,
                                         ReadContext& context);
// The options of its type are under the type's name: "directory.path".
OptionChanges differences(const Connector& before, const Connector& after,
                          std::span<const ConnectorOptions> types);

}  // namespace pelton::config
