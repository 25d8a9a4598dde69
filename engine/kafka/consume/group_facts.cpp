// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/group_facts.h"

#include "engine/kafka/client/topic_id.h"
#include "engine/kafka/consume/commit_metadata.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pelton::kafka {
namespace {

// What the metadata of these commits says; 0: nothing.
std::uint32_t told_partitions(const std::string& cluster, const std::string& topic,
                              const std::vector<OffsetCommit>& committed) {
  std::uint32_t least = 0;
  for (const OffsetCommit& commit : committed) {
    const auto decoded = decode(commit.metadata, {cluster, topic, commit.partition, commit.offset});
    const std::uint32_t told = decoded.metadata ? decoded.metadata->original_partitions : 0;
    if (told > 0 && (least == 0 || told < least)) least = told;
  }
  return least;
}

// Of all partitions, not only of ours: asked for when those of ours do not tell.
Result<std::uint32_t> ask_original(rd_kafka_s* client, const GroupFacts& group,
                                   const std::string& topic, const Patience& patience) {
  const auto count = partition_count(client, topic, patience);
  if (!count) return std::unexpected(count.error());
  std::vector<PartitionId> all;
  for (std::uint32_t p = 0; p < *count; ++p) all.emplace_back(p);
  auto committed = ask_committed_apart(client, topic, all, patience);
  if (committed.commits.empty() && committed.error) return std::unexpected(*committed.error);
  drop_deleted(group.cluster, topic, group.topic_id, committed.commits);
  const std::uint32_t original = original_partitions(group.cluster, topic, committed.commits);
  return original > 0 ? original : *count;
}

}  // namespace

std::vector<PartitionId> drop_deleted(const std::string& cluster, const std::string& topic,
                                      const std::string& topic_id,
                                      std::vector<OffsetCommit>& committed) {
  std::vector<PartitionId> dropped;
  for (OffsetCommit& commit : committed) {
    const CommitPlace place{cluster, topic, commit.partition, commit.offset, topic_id};
    if (!decode(commit.metadata, place).deleted) continue;
    dropped.push_back(commit.partition);
    commit.offset = -1;
    commit.metadata.clear();
  }
  return dropped;
}

std::uint32_t original_partitions(const std::string& cluster, const std::string& topic,
                                  const std::vector<OffsetCommit>& committed) {
  const std::uint32_t told = told_partitions(cluster, topic, committed);
  if (told > 0) return told;
  std::uint32_t highest = 0;
  for (const OffsetCommit& commit : committed)
    if (commit.offset >= 0) highest = std::max(highest, commit.partition.value + 1);
  return highest;
}

GroupFacts ask_group(rd_kafka_s* client, const std::string& topic,
                     const std::vector<PartitionId>& partitions, std::optional<WallTime> time,
                     const Patience& patience) {
  GroupFacts group;
  const auto nothing = [&](Error error) {
    return GroupFacts{{}, 0, {}, partitions, std::move(error), 0};
  };
  auto committed = ask_committed_apart(client, topic, partitions, patience);
  if (committed.commits.empty() && committed.error) return nothing(*committed.error);
  std::vector<PartitionId> told;
  for (const OffsetCommit& commit : committed.commits) told.push_back(commit.partition);
  group.cluster = cluster_id(client, patience);
  auto id = topic_id(client, topic, patience);
  if (!id) return nothing(std::move(id).error());
  group.topic_id = std::move(*id);
  const auto recreated = drop_deleted(group.cluster, topic, group.topic_id, committed.commits);
  group.original_partitions = told_partitions(group.cluster, topic, committed.commits);
  if (group.original_partitions == 0) {
    const auto original = ask_original(client, group, topic, patience);
    if (!original) return nothing(original.error());
    group.original_partitions = *original;
  }
  auto answers = ask_leaders(client, topic, told, time, patience);
  group.silent = std::move(answers.silent);
  std::ranges::copy(committed.unknown, std::back_inserter(group.silent));
  group.error = answers.error ? std::move(answers.error) : committed.error;
  group.facts = std::move(answers.facts);
  group.partitions = answers.partitions;
  for (PartitionFacts& fact : group.facts) {
    const auto& commit =
        *std::ranges::find(committed.commits, fact.partition, &OffsetCommit::partition);
    if (commit.offset >= 0) fact.committed = commit.offset;
    fact.metadata = commit.metadata;
    fact.added = fact.partition.value >= group.original_partitions ||
                 std::ranges::find(recreated, fact.partition) != recreated.end();
  }
  return group;
}

}  // namespace pelton::kafka
