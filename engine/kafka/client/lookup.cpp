// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/lookup.h"

#include "engine/kafka/client/handles.h"

#include <algorithm>
#include <memory>
#include <thread>

namespace pelton::kafka {
namespace {

// ListOffsets (KIP-79): these stand for the two ends.
constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;

constexpr std::chrono::milliseconds kLeaderPause{100};

Partitions list_of(const std::string& topic, const std::vector<PartitionId>& partitions,
                   std::int64_t offset) {
  Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (PartitionId partition : partitions)
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(),
                                      static_cast<std::int32_t>(partition.value))
        ->offset = offset;
  return list;
}

Status check(rd_kafka_resp_err_t error, const rd_kafka_topic_partition_list_t& list,
             const char* what) {
  for (int i = 0; error == RD_KAFKA_RESP_ERR_NO_ERROR && i < list.cnt; ++i)
    error = list.elems[i].err;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return std::unexpected(to_error(error, what));
}

// A partition whose leader has moved, or that was made anew: the client finds the new one
// meanwhile.
bool leader_moved(rd_kafka_resp_err_t error, const rd_kafka_topic_partition_list_t& list) {
  const auto moved = [](rd_kafka_resp_err_t each) {
    return each == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           each == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
  };
  bool any = moved(error);
  for (int i = 0; i < list.cnt; ++i) any = any || moved(list.elems[i].err);
  return any;
}

Result<std::vector<Offset>> offsets_at(rd_kafka_t* client, const std::string& topic,
                                       const std::vector<PartitionId>& partitions,
                                       std::int64_t time, int timeout) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout);
  Partitions list = list_of(topic, partitions, time);
  auto error = rd_kafka_offsets_for_times(client, list.get(), timeout);
  while (leader_moved(error, *list) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kLeaderPause);
    list = list_of(topic, partitions, time);
    error = rd_kafka_offsets_for_times(client, list.get(), timeout);
  }
  if (auto ok = check(error, *list, "asking for the partitions' ends"); !ok)
    return std::unexpected(ok.error());
  std::vector<Offset> offsets;
  for (int i = 0; i < list->cnt; ++i) offsets.push_back(list->elems[i].offset);
  return offsets;
}

}  // namespace

Result<std::vector<PartitionFacts>> look_up_ends(rd_kafka_s* client, const std::string& topic,
                                                 const std::vector<PartitionId>& partitions,
                                                 std::optional<WallTime> time,
                                                 std::chrono::milliseconds timeout) {
  const int ms = static_cast<int>(timeout.count());
  auto earliest = offsets_at(client, topic, partitions, kEarliest, ms);
  if (!earliest) return std::unexpected(earliest.error());
  auto end = offsets_at(client, topic, partitions, kLatest, ms);
  if (!end) return std::unexpected(end.error());
  Result<std::vector<Offset>> at_time = *end;
  if (time) at_time = offsets_at(client, topic, partitions, to_us(*time) / 1000, ms);
  if (!at_time) return std::unexpected(at_time.error());
  std::vector<PartitionFacts> facts;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    PartitionFacts fact{partitions[i], std::nullopt, {}, (*earliest)[i], (*end)[i], (*at_time)[i]};
    // No event is that young: the end.
    if (fact.at_time < 0) fact.at_time = fact.end;
    facts.push_back(std::move(fact));
  }
  return facts;
}

Result<std::vector<PartitionFacts>> look_up(rd_kafka_s* client, const std::string& topic,
                                            const std::vector<PartitionId>& partitions,
                                            std::optional<WallTime> time,
                                            std::chrono::milliseconds timeout) {
  const Partitions committed = list_of(topic, partitions, RD_KAFKA_OFFSET_INVALID);
  if (auto ok =
          check(rd_kafka_committed(client, committed.get(), static_cast<int>(timeout.count())),
                *committed, "asking for the committed offsets");
      !ok)
    return std::unexpected(ok.error());
  auto facts = look_up_ends(client, topic, partitions, time, timeout);
  for (std::size_t i = 0; facts && i < partitions.size(); ++i) {
    const rd_kafka_topic_partition_t& entry = committed->elems[i];
    if (entry.offset >= 0) (*facts)[i].committed = entry.offset;
    if (entry.metadata_size > 0)
      (*facts)[i].metadata.assign(static_cast<const char*>(entry.metadata), entry.metadata_size);
  }
  return facts;
}

Status reach_brokers(rd_kafka_s* client, std::chrono::milliseconds timeout) {
  const rd_kafka_metadata_t* answer = nullptr;
  const auto error =
      rd_kafka_metadata(client, 0, nullptr, &answer, static_cast<int>(timeout.count()));
  const Metadata metadata(answer);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return std::unexpected(to_error(error, "asking the brokers"));
}

Result<std::uint32_t> partition_count(rd_kafka_s* client, const std::string& topic,
                                      std::chrono::milliseconds timeout) {
  const TopicHandle handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* answer = nullptr;
  auto error =
      rd_kafka_metadata(client, 0, handle.get(), &answer, static_cast<int>(timeout.count()));
  const Metadata metadata(answer);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1)
    error = metadata->topics[0].err;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::unexpected(to_error(error, "asking for the topic " + topic));
  return static_cast<std::uint32_t>(metadata->topics[0].partition_cnt);
}

namespace {

Result<std::vector<PartitionId>> partitions_of(rd_kafka_t* client, const std::string& topic,
                                               int timeout) {
  const TopicHandle handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* metadata = nullptr;
  auto error = rd_kafka_metadata(client, 0, handle.get(), &metadata, timeout);
  const Metadata owner(metadata);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1)
    error = metadata->topics[0].err;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
      return fail(ErrorKind::invalid, "E6109", "there is no topic {}", topic);
    return std::unexpected(to_error(error, "asking for the topic " + topic));
  }
  std::vector<PartitionId> partitions;
  for (int i = 0; i < metadata->topics[0].partition_cnt; ++i)
    partitions.emplace_back(static_cast<std::uint32_t>(metadata->topics[0].partitions[i].id));
  std::ranges::sort(partitions);
  return partitions;
}

}  // namespace

Result<std::vector<Extent>> look_up_extents(rd_kafka_s* client, const std::string& topic,
                                            std::chrono::milliseconds timeout) {
  const int ms = static_cast<int>(timeout.count());
  const auto partitions = partitions_of(client, topic, ms);
  if (!partitions) return std::unexpected(partitions.error());
  const auto earliest = offsets_at(client, topic, *partitions, kEarliest, ms);
  if (!earliest) return std::unexpected(earliest.error());
  const auto end = offsets_at(client, topic, *partitions, kLatest, ms);
  if (!end) return std::unexpected(end.error());
  std::vector<Extent> extents;
  for (std::size_t i = 0; i < partitions->size(); ++i)
    extents.push_back({(*partitions)[i], (*earliest)[i], (*end)[i]});
  return extents;
}

Result<std::vector<Offset>> end_offsets(rd_kafka_s* client, const std::string& topic,
                                        const std::vector<PartitionId>& partitions,
                                        std::chrono::milliseconds timeout) {
  return offsets_at(client, topic, partitions, kLatest, static_cast<int>(timeout.count()));
}

Error to_error(rd_kafka_resp_err_t error, const std::string& what) {
  const bool refused = error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                       error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
  return Error{refused ? ErrorKind::invalid : ErrorKind::unavailable, "E6101",
               fmt::format("{}: {} ({})", what, rd_kafka_err2str(error), rd_kafka_err2name(error))};
}

}  // namespace pelton::kafka
