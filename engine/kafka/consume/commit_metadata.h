// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/ids.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pelton::kafka {

// Brokers refuse more by default (offset.metadata.max.bytes).
inline constexpr std::size_t kMaxMetadata = 4096;

// Value. An event at or beyond a committed offset that has failed and is between attempts. Times
// are in milliseconds.
struct TriedEvent {
  Offset offset = 0;
  std::uint32_t attempts = 0;      // those that counted
  std::uint32_t worker_kills = 0;  // how many of them ended the worker
  WallTime first{};                // when the first attempt ended
  WallTime next{};                 // when the next attempt is due; not before `first`
  friend bool operator==(const TriedEvent&, const TriedEvent&) = default;
};

// Value. What travels with a committed offset: whose it is, what is settled beyond it, and what has
// been tried.
// docs/formats.md describes the text form.
struct CommitMetadata {
  std::uint64_t node = 0;   // random, one a data folder
  std::uint64_t epoch = 0;  // random, one for each time that a node takes the partition over
  std::vector<OffsetRange> completed;  // ascending, disjoint, beyond the offset
  // How many partitions the topic had when the group began; those behind were added later. 0: not
  // known.
  std::uint32_t original_partitions = 0;
  std::vector<TriedEvent> tried{};  // ascending
  friend bool operator==(const CommitMetadata&, const CommitMetadata&) = default;
};

// View. Where an offset is committed. A text is true of that place and of no other: tools that copy
// a group's offsets (MirrorMaker) copy the text to other offsets, topics and clusters. An offset of
// a topic that was deleted says nothing of a later one of its name, but a commit that was on its
// way then may end up there.
struct CommitPlace {
  std::string_view cluster;  // its id; empty: the brokers tell none
  std::string_view topic;
  PartitionId partition;
  Offset offset = 0;
  std::string_view topic_id{};  // empty: not known
};

struct EncodedMetadata {
  std::string text;        // empty: not even the rest fits
  std::size_t ranges = 0;  // how many of `completed` are in it: the lowest that fit
  std::size_t tried = 0;   // how many of `tried` are, in the room that the ranges leave
};
EncodedMetadata encode(const CommitMetadata& metadata, const CommitPlace& place,
                       std::size_t most = kMaxMetadata);

struct DecodedMetadata {
  // Nothing when the text is not ours (another client's, empty after an operator's reset), damaged,
  // or of another place.
  std::optional<CommitMetadata> metadata{};
  bool elsewhere = false;  // an engine wrote it, for another place
  bool deleted = false;    // an engine wrote it, for an earlier topic of the name
};
DecodedMetadata decode(std::string_view text, const CommitPlace& place);

// How the texts of one group's commits on one topic are written and read. One thread.
class MetadataCodec {
 public:
  explicit MetadataCodec(std::string topic) : topic_(std::move(topic)) {}

  // What was learnt with an assignment.
  void learn(std::string cluster, std::string topic_id, std::uint32_t original_partitions);
  EncodedMetadata encode(PartitionId partition, Offset offset, CommitMetadata metadata) const;
  DecodedMetadata decode(PartitionId partition, Offset offset, std::string_view text) const;
  // The brokers take less. False: they refused a commit without any text.
  bool halve();
  std::size_t room() const { return room_; }  // bytes of a text

 private:
  const std::string topic_;
  std::string cluster_;
  std::string topic_id_;
  std::uint32_t original_partitions_ = 0;
  std::size_t room_ = kMaxMetadata;
};

}  // namespace pelton::kafka
