// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/kafka/client/group_metadata.h"

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>

// librdkafka's handles with an owner. For the .cpp files of this folder only.
namespace pelton::kafka {

template <auto Destroy>
struct Destroyer {
  template <typename T>
  void operator()(T* handle) const {
    Destroy(handle);
  }
};
template <typename T, auto Destroy>
using Handle = std::unique_ptr<T, Destroyer<Destroy>>;

using Conf = Handle<rd_kafka_conf_t, rd_kafka_conf_destroy>;
using Queue = Handle<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using Event = Handle<rd_kafka_event_t, rd_kafka_event_destroy>;
using Message = Handle<rd_kafka_message_t, rd_kafka_message_destroy>;
using TopicHandle = Handle<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using KafkaError = Handle<rd_kafka_error_t, rd_kafka_error_destroy>;
using Metadata = Handle<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;
using Partitions = Handle<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;

// An offset to commit, with its metadata.
void add_position(rd_kafka_topic_partition_list_t& list, const std::string& topic,
                  const OffsetCommit& position);

// The client library's error as ours: what the caller does next, its name, its sentence.
Error to_error(rd_kafka_resp_err_t error, const std::string& what);

}  // namespace pelton::kafka
