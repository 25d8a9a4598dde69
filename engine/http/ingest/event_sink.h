// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/http/body_schema.h"
#include "engine/model/batch_builder.h"

#include <string>
#include <vector>

namespace pelton::http {

// Where the events of one request go. Nothing that was added may be used after an error.
struct EventSink {
  model::BatchBuilder& builder;
  std::vector<std::string>& ids;          // of the events, in order
  WallTime now;                           // the time of events that have none
  const std::string* key = nullptr;       // of all of them, whatever they say; null: their own
  const schema::Codec* schema = nullptr;  // null: any data will do

  // E7074: its data does not match the schema.
  Status add(const model::EventView& event) const {
    if (auto ok = check_data(schema, event.data); !ok) return ok;
    builder.add(event);
    ids.emplace_back(event.id);
    return {};
  }
};

}  // namespace pelton::http
