// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/frame.h"

#include <cstdint>
#include <string>
#include <string_view>

// What runtimes that hand events over as texts say of them.
namespace pelton::worker {

// "stream/partition/offset" of an event, with what tells its stream from others of that name.
std::string idempotency_key(const model::Frame& frame, std::uint32_t index);

bool is_json(std::string_view text);

// Lower-case letters and digits: the name of an attribute of CloudEvents.
bool is_attribute(std::string_view name);

// What the name of a header is as an extension attribute of CloudEvents, with or without the prefix
// "ce_" that connectors for Kafka give it. Empty: it is none.
std::string_view extension_of(std::string_view header);

}  // namespace pelton::worker
