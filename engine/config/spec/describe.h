// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/kinds.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

// The option specs as text.
namespace pelton::config {

// engine, stream, connector, function, binding, listener, route, the types of connectors by
// direction, the runtimes, and filter.
std::vector<std::string> describe_topics(const Kinds& kinds);

// A section, filters, a runtime, or a type of connector ("directory": both directions) for the
// terminal; nothing when there is no such topic.
std::optional<std::string> describe(const std::string& topic, const Kinds& kinds);

// The pages of docs/reference: file name -> Markdown. One a topic, and README.md.
std::map<std::string, std::string> reference_pages(const Kinds& kinds);

}  // namespace pelton::config
