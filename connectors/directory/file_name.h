// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/sink.h"

#include <string>

namespace pelton::directory {

// Whether every {field} of the template is known. Error E2004, invalid.
Status check_template(const std::string& text);

// The name of the file for event i: the template with its fields filled in, or for an empty
// template the first of subject, id and position that is there. Error E2020, invalid: a field that
// the event does not have, or a name that check_name() refuses.
Result<std::string> file_name(const std::string& text, const model::Batch& batch, std::size_t i,
                              const connector::SinkPosition& position);

// What the file at that offset is called until it is complete: the same at every attempt, so that a
// crash leaves nothing behind once the event is done.
std::string temporary_name(const std::string& connector, const connector::SinkPosition& position,
                           Offset offset);

}  // namespace pelton::directory
