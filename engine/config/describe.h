// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/option_spec.h"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

// The option specs as text.
namespace pelton::config {

// engine, stream, connector, function, binding, and the types of connectors.
std::vector<std::string> describe_topics(std::span<const ConnectorOptions> connectors);

// A section or a type of connector for the terminal; nothing when there is no such topic.
std::optional<std::string> describe(const std::string& topic,
                                    std::span<const ConnectorOptions> connectors);

// The pages of docs/reference: file name -> Markdown.
std::map<std::string, std::string> reference_pages(std::span<const ConnectorOptions> connectors);

}  // namespace pelton::config
