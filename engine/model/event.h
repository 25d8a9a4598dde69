// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::model {

struct Header {
  std::string_view name;
  std::string_view value;
};

// Value. What one event consists of, as views that its holder keeps alive (a batch, a request).
// Only the edges use it (connectors, admin API, tests): on the hot path an event is (batch, index).
struct EventView {
  std::string_view id;            // empty: identified by stream, partition and offset
  std::string_view source;        // CloudEvents source, a URI reference
  std::string_view type;          // CloudEvents type
  std::string_view subject;       // may be empty
  std::string_view content_type;  // may be empty
  std::string_view key;           // meaningless unless has_key; an empty key is a key
  std::string_view data;
  std::int64_t time_us = 0;  // Unix time, microseconds
  bool has_key = false;
  bool has_data = true;         // false: a tombstone (Kafka's null value)
  std::vector<Header> headers;  // in order; names may repeat
};

}  // namespace pelton::model
