// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/spec/option_change.h"
#include "engine/config/yaml/place.h"

#include <any>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pelton::config {

struct Node;
struct ReadContext;
struct SectionSpec;
struct TopicKind;

struct Retention {
  std::optional<Duration> time;             // drop events older than this
  std::optional<std::uint64_t> size_bytes;  // size: of the stream
  bool force = false;                       // drop even what a binding has not settled
};

// A topic, as far as other parts of the config depend on it.
struct Topic {
  std::any settings;  // as the type that its TopicKind reads; only Kafka's client looks inside
  std::string name;
  std::vector<std::string> brokers;  // host:port each
  bool reads_uncommitted = false;
};

// Whether both are on the same cluster, as far as their brokers' names tell.
bool same_cluster(const Topic& one, const Topic& other);

// Value. The members' initialisers are the defaults.
struct Stream {
  std::string name;
  Place place;
  std::uint32_t partitions = 1;  // 0 with kafka: the topic has its own number
  Retention retention;
  std::optional<Topic> kafka;  // absent: kept by the engine
};

// `topics` may be null: then a stream cannot be one.
SectionSpec stream_spec(const TopicKind* topics);
// What had problems is as far as it got.
Stream parse_stream(const std::string& name, const Node& node, const TopicKind* topics,
                    ReadContext& context);
OptionChanges differences(const Stream& before, const Stream& after, const TopicKind* topics);

}  // namespace pelton::config
