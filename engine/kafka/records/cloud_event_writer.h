// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace pelton::kafka {

// What a record in the structured content mode of the CloudEvents Kafka binding says of itself.
inline constexpr std::string_view kStructuredType = "application/cloudevents+json; charset=UTF-8";

// With id, source and type an event is a CloudEvent; any other becomes a plain record.
bool is_cloud_event(const model::Batch& batch, std::size_t i);

// The name of the extension attribute that a header "ce_<name>" carries in binary mode; empty: it
// is an ordinary header.
std::string_view extension_of(std::string_view header);

// The event in the JSON event format (CloudEvents 1.0): JSON data as it is, text of a text/* type
// as a string, all else as data_base64; headers "ce_*" as extension attributes.
std::string structured_cloud_event(const model::Batch& batch, std::size_t i);

}  // namespace pelton::kafka
