// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/stream.h"
#include "engine/config/spec/settings_spec.h"

#include <any>
#include <functional>
#include <string>

namespace pelton::config {

// Value. The options of streams that are topics, and of bindings that read them.
struct TopicKind {
  SettingsSpec stream;  // a section of a stream, under the name of the spec
  SettingsSpec member;  // keys of a binding itself
  std::function<Topic(const std::any& stream)> topic;
  std::function<std::string(const std::any& member)> group;  // empty: the default
  // A problem when the option at `path` is not the name of a topic.
  std::function<void(const Section&, const std::string& path, ReadContext&)> check_name;
};

}  // namespace pelton::config
