// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/group_client.h"

#include "engine/kafka/client/client_config.h"
#include "engine/kafka/client/client_events.h"
#include "engine/kafka/client/token_refresh.h"
#include "engine/kafka/consume/member_end.h"

#include <string_view>
#include <utility>

namespace pelton::kafka {

GroupClient::~GroupClient() {
  if (client_ == nullptr) return;
  topic_.reset();
  wake_no_more(*queue_);
  loop_.background().run(
      [client = client_, queue = std::move(queue_), closing = closing_]() mutable {
        end_member(client, std::move(queue), closing);
      });
}

Status GroupClient::open() {
  auto conf = consumer_conf(setup_.client, setup_.group,
                            {setup_.budget->most_of_one(), setup_.budget->most_of_an_answer()});
  if (!conf) return std::unexpected(conf.error());
  ask_for_events(*conf->get(), setup_.client,
                 RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_STATS);
  auto client = new_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return std::unexpected(client.error());
  client_ = *client;
  rd_kafka_poll_set_consumer(client_);
  queue_.reset(rd_kafka_queue_get_consumer(client_));
  rd_kafka_set_log_queue(client_, queue_.get());
  topic_.reset(rd_kafka_topic_new(client_, setup_.topic.c_str(), nullptr));
  const std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(queue_.get(), loop_.wake_handle(), &one, sizeof one);
  return {};
}

bool GroupClient::close() {
  const KafkaError error(rd_kafka_consumer_close_queue(client_, queue_.get()));
  closing_ = !error;
  return closing_;
}

bool GroupClient::cooperative() const {
  const char* protocol = rd_kafka_rebalance_protocol(client_);
  return protocol != nullptr && std::string_view(protocol) == "COOPERATIVE";
}

Offset GroupClient::fetched_end(PartitionId partition) const {
  std::int64_t low = 0, high = -1;
  rd_kafka_get_watermark_offsets(client_, setup_.topic.c_str(),
                                 static_cast<std::int32_t>(partition.value), &low, &high);
  return high;
}

Partitions GroupClient::list_of(const std::vector<PartitionId>& partitions) const {
  Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (PartitionId partition : partitions)
    rd_kafka_topic_partition_list_add(list.get(), setup_.topic.c_str(),
                                      static_cast<std::int32_t>(partition.value));
  return list;
}

Status GroupClient::give_token() {
  auto ok = refresh_token(client_, setup_.client, !token_missing_);
  token_missing_ = !ok;
  return ok;
}

Status GroupClient::retry_token() {
  return token_missing_ ? give_token() : Status{};
}

}  // namespace pelton::kafka
