// SPDX-License-Identifier: Apache-2.0
// Commits, and when they may go.
#include "engine/kafka/client/client_config.h"
#include "engine/kafka/consume/consumer_impl.h"

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

void Consumer::Impl::commit(std::uint64_t id, std::vector<OffsetCommit> positions) {
  if (!holds_commits(setup_.group)) return send(id, positions);
  pending_ = PendingCommit{id, std::move(positions), std::chrono::steady_clock::now()};
}

void Consumer::Impl::send(std::uint64_t id, const std::vector<OffsetCommit>& positions) {
  Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
  for (const OffsetCommit& position : positions) {
    if (!assigned_.contains(position.partition)) continue;  // went while the commit was pending
    add_position(*list, setup_.topic, position);
  }
  const auto error = rd_kafka_commit_queue(client_, list.get(), queue_.get(), nullptr,
                                           reinterpret_cast<void*>(id));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    listener_.committed(id, std::unexpected(to_error(error, "committing offsets")));
}

Result<GroupMetadata> Consumer::Impl::membership(const std::vector<Tenure>& tenures) {
  GroupMetadata metadata(rd_kafka_consumer_group_metadata(client_));
  // Asked for afterwards: whoever is no member any more has lost its assignment in the same step,
  // and brokers would take the offsets of a stranger.
  const bool ours = metadata && rd_kafka_assignment_lost(client_) == 0 &&
                    std::ranges::all_of(tenures, [this](const Tenure& tenure) {
                      const auto part = parts_.find(tenure.partition);
                      return part != parts_.end() && part->second.tenure == tenure.number;
                    });
  if (!ours)
    return fail(ErrorKind::unavailable, "E6107", "partitions of {} are another member's by now",
                setup_.topic);
  return metadata;
}

// A commit that reaches the coordinator while the member joins has the generation before, and the
// client gives up all its partitions for that. So it goes right after the client has said that it
// is not joining.
void Consumer::Impl::on_statistics(rd_kafka_event_t* event) {
  if (!pending_) return;
  simdjson::dom::parser parser;
  std::string_view state;
  const bool known =
      !parser.parse(std::string(rd_kafka_event_stats(event)))["cgrp"]["join_state"].get(state);
  if (known && joining(state)) {
    if (std::chrono::steady_clock::now() - pending_->since > kPendingAtMost)
      drop_pending("the group is rebalancing");
    return;
  }
  const PendingCommit pending = std::move(*std::exchange(pending_, std::nullopt));
  send(pending.id, pending.positions);
}

void Consumer::Impl::drop_pending(const char* why) {
  if (!pending_) return;
  const auto pending = std::exchange(pending_, std::nullopt);
  listener_.committed(pending->id,
                      fail(ErrorKind::unavailable, "E6101", "committing offsets: {}", why));
}

void Consumer::Impl::on_commit(rd_kafka_event_t* event) {
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
