// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/embedded/embedded_kind.h"

#include "engine/stream/embedded/embedded_appender.h"
#include "engine/stream/embedded/embedded_input.h"

#include <utility>

namespace pelton::stream {
namespace {

// Parked events that are smaller are kept: reading them again would cost more than it saves.
constexpr std::uint64_t kReleaseFrom = 2U << 10;

}  // namespace

Result<Connections> EmbeddedKind::connect(const Route& route) {
  auto input = std::make_unique<EmbeddedInput>(
      EmbeddedInput::Setup{route.id, route.stream, route.from.name, route.binding.name,
                           setup_.streams.find(route.from.name)->partitions(), route.start,
                           &setup_.memory, route.sink()},
      setup_.store, setup_.appends, setup_.mailbox, setup_.reader);
  EmbeddedInput& all = *input;
  Connections connections{{std::move(input), all, all}};
  connections.release_from = kReleaseFrom;
  connections.read_again = [&all](PartitionId partition, Offset offset, auto answer) {
    all.read_again(partition, offset, std::move(answer));
  };
  return connections;
}

model::OutputStream EmbeddedKind::output_stream(const config::Stream& to) const {
  const auto target = setup_.streams.find(to.name);
  return {to.name, target->stream(), target->partitions()};
}

Result<AppendTarget> EmbeddedKind::append_target(const config::Stream& stream) {
  auto target = setup_.streams.find(stream.name);
  const StreamId id = target->stream();
  const std::uint32_t partitions = target->partitions();
  return AppendTarget{id, partitions,
                      std::make_shared<EmbeddedAppender>(setup_.store, std::move(target))};
}

}  // namespace pelton::stream
