// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/parts/kafka.h"
#include "engine/config/spec/option_change.h"
#include "engine/config/yaml/place.h"

#include <cstdint>
#include <optional>
#include <string>

namespace pelton::config {

struct Node;
struct ReadContext;
struct SectionSpec;

struct Retention {
  std::optional<Duration> time;             // drop events older than this
  std::optional<std::uint64_t> size_bytes;  // size: of the stream
  bool force = false;                       // drop even what a binding has not settled
};

// Value. The members' initialisers are the defaults.
struct Stream {
  std::string name;
  Place place;
  std::uint32_t partitions = 1;  // 0 with kafka: the topic has its own number
  Retention retention;
  std::optional<KafkaTopic> kafka;  // absent: kept by the engine
};

const SectionSpec& stream_spec();
// What had problems is as far as it got.
Stream parse_stream(const std::string& name, const Node& node, ReadContext& context);
OptionChanges differences(const Stream& before, const Stream& after);

}  // namespace pelton::config
