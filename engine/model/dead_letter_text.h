// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/model/records.h"

#include <optional>
#include <string>
#include <string_view>

// The text form of a dead letter's id, "<binding>/<partition>/<offset>/<incarnation>", which people
// copy and commands take. Pure.
namespace pelton::model {

std::string dead_letter_text(std::string_view binding, const DeadLetterId& id);

// Value. What such a text says.
struct ParsedDeadLetterId {
  std::string binding;  // its name
  PartitionId partition;
  Offset offset = 0;
  std::optional<Incarnation> stream;  // absent in the short form, without its last part
};
// invalid (E5002): it is not an id.
Result<ParsedDeadLetterId> parse_dead_letter(std::string_view text);

}  // namespace pelton::model
