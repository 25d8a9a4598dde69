// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/handles.h"
#include "engine/kafka/consume/consumer.h"

#include <optional>
#include <string>
#include <vector>

namespace pelton::kafka {

// The client library's handle of one member of a group, its topic, and the queue of all that is not
// a record. The loop's thread, but for open() and the end. For the .cpp files of this folder only.
class GroupClient {
 public:
  GroupClient(Consumer::Setup setup, PollLoop& loop) : setup_(std::move(setup)), loop_(loop) {}
  // Does not wait for brokers: a member that has not left does so in the loop's background. Once
  // the loop has ended it does, for seconds (member_end.h).
  ~GroupClient();
  GroupClient(const GroupClient&) = delete;
  GroupClient& operator=(const GroupClient&) = delete;

  // invalid (E6102): the configuration.
  Status open();
  // Begins to leave the group. False: it cannot, and is out of it already.
  bool close();
  bool closed() const { return rd_kafka_consumer_closed(client_) != 0; }

  const Consumer::Setup& setup() const { return setup_; }
  const std::string& topic_name() const { return setup_.topic; }
  rd_kafka_t* handle() const { return client_; }
  rd_kafka_queue_t* queue() const { return queue_.get(); }
  rd_kafka_topic_t* topic() const { return topic_.get(); }
  // The group moves partitions one by one instead of taking all of them back first.
  bool cooperative() const;
  // The newest end of a partition that came with what was fetched; -1: none yet.
  Offset fetched_end(PartitionId partition) const;
  // An entry per partition, without an offset.
  Partitions list_of(const std::vector<PartitionId>& partitions) const;

  // The library asks for a token. An error is said once per question; the file is read at each
  // retry_token() until it holds a good one.
  Status give_token();
  Status retry_token();

 private:
  const Consumer::Setup setup_;
  PollLoop& loop_;
  rd_kafka_t* client_ = nullptr;
  Queue queue_;
  TopicHandle topic_;
  bool token_missing_ = false;  // asked for, and not had
  bool closing_ = false;
};

}  // namespace pelton::kafka
