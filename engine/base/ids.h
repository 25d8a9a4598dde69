// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace pelton {

// Value. A number with a meaning: ids of different tags do not mix.
template <typename Tag, typename Rep>
struct StrongId {
  using rep = Rep;
  Rep value{};

  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep v) : value(v) {}
  friend constexpr auto operator<=>(StrongId, StrongId) = default;
};

// Streams and bindings get a number when the store first sees their name; it never changes or
// returns.
using StreamId = StrongId<struct StreamTag, std::uint32_t>;
using BindingId = StrongId<struct BindingTag, std::uint32_t>;
using PartitionId = StrongId<struct PartitionTag, std::uint32_t>;
// One frame given to a worker; unique within a run of the engine, never 0.
using FrameId = StrongId<struct FrameTag, std::uint64_t>;
// One worker process (or sink); unique within a run of the engine, never 0.
using WorkerId = StrongId<struct WorkerTag, std::uint64_t>;

// Which stream of all that ever had its name: random for a stream that the engine keeps, made of
// the topic's identity for a topic. What names an event for good names it.
using Incarnation = StrongId<struct IncarnationTag, std::uint64_t>;

// Position of an event in its partition, from 0. A cursor is the offset of the first event not
// settled.
using Offset = std::int64_t;

// Offsets [begin, end).
struct OffsetRange {
  Offset begin = 0;
  Offset end = 0;
  friend bool operator==(const OffsetRange&, const OffsetRange&) = default;
};

}  // namespace pelton

template <typename Tag, typename Rep>
struct std::hash<pelton::StrongId<Tag, Rep>> {
  std::size_t operator()(pelton::StrongId<Tag, Rep> id) const noexcept {
    return std::hash<Rep>{}(id.value);
  }
};
