// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/config/dialect.h"
#include "engine/config/parts/listener_tls.h"
#include "engine/config/parts/services.h"
#include "engine/config/spec/connector_options.h"
#include "engine/config/spec/runtime_options.h"
#include "engine/config/spec/topic_kind.h"

#include <optional>
#include <string>
#include <vector>

namespace pelton::config {

// Value. What config files can name that the config itself does not know: the plug-ins of a build,
// each in the order in which `pelton describe` lists them.
struct Kinds {
  std::vector<ConnectorOptions> connectors;
  std::vector<RuntimeOptions> runtimes;
  std::optional<TopicKind> topic{};  // absent: all streams are the engine's own
  std::optional<Dialect> dialect{};  // absent: all files are the engine's own
  // What a command line adds to the section `services`, and wins over it.
  ServiceUrls services{};
  // invalid: a text is no JSON Schema that the engine can use, and why. Null: it cannot use any.
  Status (*check_json_schema)(const std::string& text) = nullptr;
  // What is wrong with the files of a listener's `tls`: E5014, they cannot be used; E5030, only a
  // warning: clients will not accept them. Null: nobody knows.
  Status (*check_certificates)(const ListenerTls& tls) = nullptr;

  const TopicKind* topics() const { return topic ? &*topic : nullptr; }
};

}  // namespace pelton::config
