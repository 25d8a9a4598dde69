// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "engine/dead_letters/dead_letter_topic.h"
#include "engine/dispatch/dispatcher.h"
#include "engine/stream/appender.h"
#include "engine/stream/input.h"
#include "engine/stream/output.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace pelton::stream {

// Value. A binding that is to be connected, and its streams. The config outlives the call.
struct Route {
  const config::Binding& binding;
  BindingId id;
  StreamId stream;  // that it reads
  const config::Stream& from;
  std::vector<const config::Stream*> to;  // that it writes; none: its outputs are dropped
  config::Start start{};                  // where it begins; a time is no longer counted from now

  // The connector that is its worker; empty: it has a function.
  std::string sink() const { return binding.function.empty() ? binding.name : std::string(); }
};

// Reads the batch that holds an event; nothing: it is not stored any more. Answers on the shard,
// not from within the call, and not once the binding is gone.
using ReadAgain = std::function<void(PartitionId, Offset,
                                     std::function<void(std::optional<model::PlacedBatch>)>)>;

// Decodes the event of a dead letter that is to be replayed, when it has its record's value.
// Answers on the shard, perhaps from within the call, and not once the engine ends. unavailable:
// what it needs for that is away.
using Decoded = std::move_only_function<void(Result<model::BatchPtr>)>;
using Decode = std::function<void(model::BatchPtr, Decoded)>;

// Value. A binding's ends of the streams that it reads and writes.
struct Connections {
  BindingInput input;
  // Those of route.to.
  std::vector<model::OutputStream> outputs{};
  // Where outputs go before their events are settled. Null: they are part of the settlements.
  std::unique_ptr<Output> output{};
  // Where dead letters go; null: to the store.
  dead_letters::DeadLetterTopic* letters = nullptr;
  // With it the dispatcher may drop parked events of at least so many bytes.
  ReadAgain read_again{};
  std::optional<std::uint64_t> release_from{};
  // Null: dead letters have the events that the binding had.
  Decode decode{};
};

// Value. A stream that is appended to from outside.
struct AppendTarget {
  StreamId stream;
  std::uint32_t partitions = 0;  // 0: they are not kept here
  // Shared by whoever made it and whoever appends.
  std::shared_ptr<Appender> appender;
};

// Interface. One kind of streams: makes what reads and writes them. Implemented for embedded
// streams (embedded_kind.h) and for Kafka topics (topic_kind.h). One thread at a time.
class StreamKind {
 public:
  virtual ~StreamKind() = default;
  // Reads route.from. The output is there too when it has to go with what is read (exactly once).
  virtual Result<Connections> connect(const Route& route) = 0;
  virtual Result<AppendTarget> append_target(const config::Stream& stream) = 0;
};

}  // namespace pelton::stream
