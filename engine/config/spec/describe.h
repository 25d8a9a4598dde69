// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/spec/connector_options.h"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

// The option specs as text.
namespace pelton::config {

// engine, stream, connector, function, binding, the types of connectors by direction, and filter.
std::vector<std::string> describe_topics(std::span<const ConnectorOptions> connectors);

// A section, filters, or a type of connector ("directory": both directions) for the terminal;
// nothing when there is no such topic.
std::optional<std::string> describe(const std::string& topic,
                                    std::span<const ConnectorOptions> connectors);

// The pages of docs/reference: file name -> Markdown. One a topic, and README.md.
std::map<std::string, std::string> reference_pages(std::span<const ConnectorOptions> connectors);

}  // namespace pelton::config
