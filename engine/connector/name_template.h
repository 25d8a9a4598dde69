// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/sink.h"

#include <expected>
#include <optional>
#include <string>

// Templates of the names under which sinks write events: texts in which {subject}, {key}, {id},
// {stream}, {partition} and {offset} stand for what an event has.
namespace pelton::connector {

// "{subject}, {key}, ...", for messages.
extern const char* const kTemplateFields;

// A field that is none; nothing: all are known.
std::optional<std::string> unknown_field(const std::string& text);

// The text before the first field.
std::string fixed_head(const std::string& text);

// The name for event i: the template with its fields filled in, or for an empty template the first
// of subject, id and position that is there. Unexpected: a field that the event does not have.
std::expected<std::string, std::string> fill_template(const std::string& text,
                                                      const model::Batch& batch, std::size_t i,
                                                      const SinkPosition& position);

}  // namespace pelton::connector
