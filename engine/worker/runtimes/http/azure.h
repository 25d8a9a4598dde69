// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/model/frame.h"

#include <string>
#include <string_view>
#include <vector>

// The JSON of custom handlers of Azure Functions.
namespace pelton::worker::http {

// What a handler receives of an event: {"Data": {TRIGGER: ...}, "Metadata": {...}}. The data is a
// text, base64 if it is none, as the Functions host sends what is in a queue.
std::string azure_invocation(const model::Frame& frame, std::uint32_t index,
                             std::string_view function, std::string_view trigger, WallTime now);

// Value. What a handler answers: {"Outputs": {...}, "Logs": [...], "ReturnValue": ...}.
struct AzureResult {
  struct Value {
    std::string name;  // of the output binding; empty: it is the return value
    std::string data;
    std::string content_type;
  };
  std::vector<Value> values;  // that are not null
  std::vector<std::string> logs;
};
// invalid: it is not such an object.
Result<AzureResult> read_azure_result(std::string_view body);

}  // namespace pelton::worker::http
