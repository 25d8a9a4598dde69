// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/offset_commits.h"

#include "engine/kafka/client/client_config.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

namespace pelton::kafka {
namespace {

constexpr auto kPendingAtMost = std::chrono::seconds(5);

// The member has asked to join and does not know its new generation yet.
bool joining(std::string_view join_state) {
  return join_state == "init" || join_state == "wait-join" || join_state == "wait-metadata" ||
         join_state == "wait-sync";
}

}  // namespace

void OffsetCommits::commit(std::uint64_t id, std::vector<OffsetCommit> positions) {
  if (!holds_commits(client_.setup().group)) return send(id, positions);
  pending_ = Pending{id, std::move(positions), std::chrono::steady_clock::now()};
}

void OffsetCommits::send(std::uint64_t id, const std::vector<OffsetCommit>& positions) {
  Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
  for (const OffsetCommit& position : positions) {
    if (!queues_.contains(position.partition)) continue;  // went while the commit was pending
    add_position(*list, client_.topic_name(), position);
  }
  const auto error = rd_kafka_commit_queue(client_.handle(), list.get(), client_.queue(), nullptr,
                                           reinterpret_cast<void*>(id));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    listener_.committed(id, std::unexpected(to_error(error, "committing offsets")));
}

Result<GroupMetadata> OffsetCommits::membership(const std::vector<Consumer::Tenure>& tenures) {
  GroupMetadata metadata(rd_kafka_consumer_group_metadata(client_.handle()));
  // Asked for afterwards: whoever is no member any more has lost its assignment in the same step,
  // and brokers would take the offsets of a stranger.
  const bool ours = metadata && rd_kafka_assignment_lost(client_.handle()) == 0 &&
                    std::ranges::all_of(tenures, [this](const Consumer::Tenure& tenure) {
                      return queues_.current(tenure.partition, tenure.number);
                    });
  if (!ours)
    return fail(ErrorKind::unavailable, "E6107", "partitions of {} have moved to another member",
                client_.topic_name());
  return metadata;
}

// A commit that reaches the coordinator while the member joins has the generation before, and the
// client gives up all its partitions for that. So it goes right after the client has said that it
// is not joining.
void OffsetCommits::on_statistics(rd_kafka_event_t* event) {
  if (!pending_) return;
  simdjson::dom::parser parser;
  std::string_view state;
  const bool known =
      !parser.parse(std::string(rd_kafka_event_stats(event)))["cgrp"]["join_state"].get(state);
  if (known && joining(state)) {
    if (std::chrono::steady_clock::now() - pending_->since > kPendingAtMost)
      drop("the group is rebalancing");
    return;
  }
  const Pending pending = std::move(*std::exchange(pending_, std::nullopt));
  send(pending.id, pending.positions);
}

void OffsetCommits::drop(const char* why) {
  if (!pending_) return;
  const auto pending = std::exchange(pending_, std::nullopt);
  listener_.committed(pending->id,
                      fail(ErrorKind::unavailable, "E6101", "committing offsets: {}", why));
}

void OffsetCommits::on_answer(rd_kafka_event_t* event) {
  auto error = rd_kafka_event_error(event);
  if (const auto* list = rd_kafka_event_topic_partition_list(event))
    for (int i = 0; error == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; ++i)
      error = list->elems[i].err;
  const auto id = reinterpret_cast<std::uintptr_t>(rd_kafka_event_opaque(event));
  if (error == RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE) return listener_.metadata_too_long(id);
  listener_.committed(id, error == RD_KAFKA_RESP_ERR_NO_ERROR
                              ? Status{}
                              : std::unexpected(to_error(error, "committing offsets")));
}

}  // namespace pelton::kafka
