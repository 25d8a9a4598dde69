// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/start.h"
#include "engine/kafka/consume/commit_metadata.h"
#include "engine/kafka/consume/group_facts.h"
#include "engine/kafka/options.h"
#include "engine/stream/embedded/store_client.h"
#include "engine/stream/topic/group_progress.h"

#include <optional>
#include <string>
#include <vector>

namespace pelton::stream {

// Where the partitions of an assignment begin: what the brokers say of them, and what this data
// folder knows of those that were ours, brought together by GroupProgress. Shard-confined.
class PartitionStarts {
 public:
  // Value. Where a partition begins, or why it cannot.
  struct Decision {
    PartitionStart start;
    Offset end = 0;
    std::optional<Error> stopped;  // it cannot continue without the operator
  };
  struct Setup {
    BindingId binding;
    std::string binding_name;
    StreamId stream;
    config::Start start;
    kafka::GroupOptions::OutOfRange out_of_range = kafka::GroupOptions::OutOfRange::stop;
  };
  // All live longer.
  PartitionStarts(Setup setup, StoreClient& store, const kafka::MetadataCodec& codec,
                  const GroupProgress& progress)
      : setup_(std::move(setup)), store_(store), codec_(codec), progress_(progress) {}

  // What an earlier tenure has settled is in the store by then.
  std::vector<Decision> decide(const std::vector<kafka::PartitionFacts>& facts);
  // Writes the epochs of beginnings whose local state is void, and adds to the transaction what
  // makes it so. Epochs before any commit names them; a crash in between makes the store's state
  // untrusted, which only costs deliveries.
  Status write_untrusted(const std::vector<Decision>& decisions, model::Transaction& transaction);

 private:
  model::StreamPartition at(PartitionId partition) const { return {setup_.stream, partition}; }
  Decision decide(const kafka::PartitionFacts& facts);
  Result<LocalProgress> local(const GroupCommit& commit);
  Result<Offset> resume(const kafka::PartitionFacts& facts) const;
  std::optional<kafka::CommitMetadata> metadata(const kafka::PartitionFacts& facts);

  const Setup setup_;
  StoreClient& store_;
  const kafka::MetadataCodec& codec_;
  const GroupProgress& progress_;
  bool foreign_metadata_ = false;  // seen, and told
};

}  // namespace pelton::stream
