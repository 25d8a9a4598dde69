// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/handles.h"
#include "engine/kafka/client/lookup.h"
#include "engine/kafka/consume/group_reader.h"
#include "engine/kafka/records/record_decoder.h"

#include <deque>
#include <map>
#include <optional>
#include <set>

namespace pelton::kafka {

// group_reader.cpp: reading and settling; group_reader_group.cpp: assignments and commits.
class GroupReader::Impl {
 public:
  explicit Impl(Setup setup);
  ~Impl();

  Status open();
  Result<Token> read(model::BatchBuilder& into, std::size_t max_events, std::size_t max_bytes,
                     std::chrono::steady_clock::time_point deadline);
  void settle(Token token, bool done);
  void close();
  std::uint64_t lag() const;
  std::vector<std::string> take_warnings() { return std::exchange(warnings_, {}); }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  struct Part {
    std::uint64_t stay = 0;  // another one each time that reading begins somewhere
    Offset next = 0;         // the first that was not given out
    Offset settled = 0;      // the first that is not settled
    Offset sent = -1;        // what was committed last, or is being; -1: nothing
    Offset end = 0;
    std::size_t open = 0;  // reads of this stay that are not settled
  };
  // What a read gave of one partition.
  struct Chunk {
    PartitionId partition;
    std::uint64_t stay = 0;
    Offset next = 0;
  };
  struct Given {
    Token token = 0;
    std::vector<Chunk> chunks;
  };

  // ---- group_reader.cpp
  void fill(model::BatchBuilder& into, std::size_t max_events, std::size_t max_bytes,
            SteadyTime deadline);
  SteadyTime next_duty(SteadyTime deadline) const;
  void on_event(rd_kafka_event_t* event, model::BatchBuilder& into);
  void take(const rd_kafka_message_t& message, model::BatchBuilder& into);
  void on_error(rd_kafka_event_t* event);
  void note(Chunk chunk);
  void check_brokers();
  void rewind(PartitionId partition, Part& part);
  void warn(std::string sentence);

  // ---- group_reader_group.cpp
  void on_rebalance(rd_kafka_event_t* event);
  void assigned(const std::vector<PartitionId>& partitions);
  std::optional<Offset> beginning(const PartitionFacts& facts);
  std::optional<Offset> in_range(const PartitionFacts& facts, Offset wanted);
  void revoked(std::vector<PartitionId> partitions);
  void release_if_settled();
  void unassign(const std::vector<PartitionId>& partitions);
  void on_out_of_range(PartitionId partition);
  Partitions positions_to_commit();
  void commit_if_due();
  void commit_and_wait();
  void on_commit(rd_kafka_event_t* event);
  void leave();
  bool cooperative() const;
  void complain(rd_kafka_error_t* error, const char* what);

  const Setup setup_;
  RecordDecoder reader_;
  rd_kafka_t* client_ = nullptr;
  Queue queue_;
  TopicHandle topic_;
  std::map<PartitionId, Part> parts_;  // that are read
  std::vector<PartitionId> revoking_;  // wait for their reads to be settled; not read meanwhile
  SteadyTime revoke_until_{};
  std::deque<Given> given_;  // not settled, in order
  std::vector<Chunk> now_;   // of the read at hand
  Token next_token_ = 1;
  std::uint64_t stays_ = 0;
  bool committing_ = false;
  SteadyTime committed_at_{};
  SteadyTime ends_at_{};
  std::optional<SteadyTime> down_since_;  // the client has no broker, it says
  std::optional<Error> error_;            // for the next read
  std::vector<std::string> warnings_;
  std::string last_warning_;
};

}  // namespace pelton::kafka
