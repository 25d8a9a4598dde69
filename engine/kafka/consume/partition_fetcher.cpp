// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/partition_fetcher.h"

#include "engine/kafka/client/client_events.h"
#include "engine/kafka/client/token_refresh.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace pelton::kafka {

PartitionFetcher::~PartitionFetcher() {
  leave_all();
  handle_.reset();
  events_.reset();
  if (client_ != nullptr) rd_kafka_destroy(client_);
}

Status PartitionFetcher::open() {
  if (client_ != nullptr) return {};
  auto conf = reader_conf(topic_.client, topic_.topic, gone_);
  if (!conf) return std::unexpected(conf.error());
  // A fetch at the end of a partition waits at the broker, and behind it all else that this client
  // asks of the broker.
  if (pace_ == Pace::eager) rd_kafka_conf_set(conf->get(), "fetch.wait.max.ms", "2", nullptr, 0);
  ask_for_events(*conf->get(), topic_.client, 0);
  auto client = new_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return std::unexpected(client.error());
  client_ = *client;
  events_.reset(rd_kafka_queue_get_main(client_));
  rd_kafka_set_log_queue(client_, events_.get());
  handle_.reset(rd_kafka_topic_new(client_, topic_.topic.c_str(), nullptr));
  if (gives_tokens(topic_.client)) return refresh_token(client_, topic_.client);
  return {};
}

const std::string& PartitionFetcher::serve() {
  while (const Event event{rd_kafka_queue_poll(events_.get(), 0)})
    if (auto trouble = serve_event(client_, event.get(), topic_.client, "reading " + topic_.topic))
      trouble_ = std::move(trouble->message);
  return trouble_;
}

Status PartitionFetcher::move_to(PartitionId partition, Offset from, Offset skip) {
  const auto at = parts_.find(partition);
  if (at != parts_.end() && from >= at->second.next && from - at->second.next <= skip) return {};
  leave(partition);
  make_room();
  // A queue of its own each time: nothing that was fetched for the old place is in it.
  Queue queue(rd_kafka_queue_new(client_));
  if (rd_kafka_consume_start_queue(handle_.get(), static_cast<std::int32_t>(partition.value), from,
                                   queue.get()) != 0)
    return std::unexpected(to_error(rd_kafka_last_error(), "reading " + topic_.topic));
  parts_[partition] = {std::move(queue), from};
  return {};
}

void PartitionFetcher::leave(PartitionId partition) {
  const auto at = parts_.find(partition);
  if (at == parts_.end()) return;
  rd_kafka_consume_stop(handle_.get(), static_cast<std::int32_t>(partition.value));
  parts_.erase(at);
}

void PartitionFetcher::make_room() {
  std::vector<PartitionId> waiting;
  for (const auto& [partition, part] : parts_)
    if (rd_kafka_queue_length(part.queue.get()) > 0) waiting.push_back(partition);
  for (std::size_t i = 0; i + kMostWaiting <= waiting.size(); ++i) leave(waiting[i]);
}

void PartitionFetcher::leave_all() {
  while (!parts_.empty()) leave(parts_.begin()->first);
}

Message PartitionFetcher::next(PartitionId partition, std::chrono::milliseconds wait) {
  serve();
  Part& part = parts_.at(partition);
  Message message(rd_kafka_consume_queue(part.queue.get(), static_cast<int>(wait.count())));
  if (!message) return message;
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    part.next = message->offset + 1;
    trouble_.clear();
  } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    part.next = std::max<Offset>(part.next, message->offset);
  }
  return message;
}

Offset PartitionFetcher::end(PartitionId partition) const {
  std::int64_t low = 0, high = -1;
  rd_kafka_get_watermark_offsets(client_, topic_.topic.c_str(),
                                 static_cast<std::int32_t>(partition.value), &low, &high);
  return high;
}

}  // namespace pelton::kafka
