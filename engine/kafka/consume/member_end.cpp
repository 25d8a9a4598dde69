// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/member_end.h"

#include <chrono>
#include <thread>

namespace pelton::kafka {
namespace {

// Longer than librdkafka waits for the answer to a LeaveGroup request, which is five seconds.
constexpr std::chrono::seconds kLeaving{6};
constexpr int kPollMs = 50;

bool revokes(rd_kafka_event_t* event) {
  return rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE &&
         rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS;
}

// Rebalances that came before are not answered: the client revokes once more what has to be.
bool begin_to_leave(rd_kafka_t* client, rd_kafka_queue_t* queue) {
  while (const Event event{rd_kafka_queue_poll(queue, 0)}) {
  }
  const KafkaError error(rd_kafka_consumer_close_queue(client, queue));
  return !error;
}

// A revocation that has no answer keeps the client for ever, also once it is being destroyed. Other
// rebalances must have none: a call that meets the end of the group's part of the client waits for
// ever as well.
bool leave(rd_kafka_t* client, rd_kafka_queue_t* queue) {
  const auto deadline = std::chrono::steady_clock::now() + kLeaving;
  while (rd_kafka_consumer_closed(client) == 0) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    const Event event(rd_kafka_queue_poll(queue, kPollMs));
    if (event && revokes(event.get())) rd_kafka_assign(client, nullptr);
  }
  return true;
}

void destroy(rd_kafka_t* client) {
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

}  // namespace

void wake_no_more(rd_kafka_queue_t& queue) {
  rd_kafka_queue_io_event_enable(&queue, -1, nullptr, 0);
}

void end_member(rd_kafka_t* client, Queue queue, bool closing) {
  bool left = true;
  if (closing || begin_to_leave(client, queue.get()))
    left = leave(client, queue.get());
  else  // After a fatal error it is out of the group, and takes any answer for what it waits for.
    rd_kafka_assign(client, nullptr);
  queue.reset();
  // A commit that brokers do not answer keeps it for a minute, or until the session is over. It
  // calls nobody meanwhile, and uses nothing but its own memory.
  if (left)
    destroy(client);
  else
    std::thread(destroy, client).detach();
}

}  // namespace pelton::kafka
