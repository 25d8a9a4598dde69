// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/group_metadata.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace pelton::kafka_connector {

// What a source has given out of the partitions that its group has given it, what of that is
// settled, and which offsets are to be committed: always those of what is settled, never of what is
// only read. Pure; one thread.
//
// A partition's *tenure* numbers the times that reading begins somewhere in it: what belongs to an
// earlier one changes nothing.
class SourceProgress {
 public:
  using Token = std::uint64_t;

  // Reading begins at `from`, of a partition that is new here or was gone from where it was.
  // Returns its tenure. `committed` is what the group has.
  std::uint64_t begin(PartitionId partition, Offset from, std::optional<Offset> committed,
                      Offset end);
  // The partition is no longer ours.
  void forget(PartitionId partition);
  // The partition is ours, in this tenure.
  bool current(PartitionId partition, std::uint64_t tenure) const;
  // Where reading is in a partition that is ours.
  std::optional<Offset> next(PartitionId partition) const;
  void end_moved(PartitionId partition, Offset end);

  // Part of the read that is being filled: the records of the partition before `next`.
  void give(PartitionId partition, Offset next);
  // There is no record in [from, to): counts as settled once everything before it is.
  void pass(PartitionId partition, Offset from, Offset to);
  // Ends the read; a token without anything given need not be settled.
  Token finish();

  // A partition that is to be read again, in a new tenure.
  struct Rewind {
    PartitionId partition;
    std::uint64_t tenure = 0;
    Offset from = 0;
  };
  // In the order of the reads. Not done: what was given since the last settled record of each
  // partition comes again.
  std::vector<Rewind> settle(Token token, bool done);
  // Nothing of these partitions is given out and not settled.
  bool settled(const std::vector<PartitionId>& partitions) const;

  // Offsets that the group does not have yet; from now on they count as committed.
  std::vector<kafka::OffsetCommit> take_commits();
  bool has_commits() const;
  // The last ones did not arrive: take_commits() gives them again.
  void commit_failed();

  // Records that are not settled, as far as the ends are known.
  std::uint64_t lag() const;

 private:
  struct Part {
    std::uint64_t tenure = 0;
    Offset next = 0;       // the first that was not given out
    Offset settled = 0;    // the first that is not settled
    Offset sent = -1;      // what was committed last, or is being; -1: nothing
    Offset end = 0;        // of the partition
    std::size_t open = 0;  // reads of this tenure that are not settled
    OffsetRange empty{};   // no record is there
  };
  // What a read gave of one partition.
  struct Chunk {
    PartitionId partition;
    std::uint64_t tenure = 0;
    Offset next = 0;
  };
  struct Given {
    Token token = 0;
    std::vector<Chunk> chunks;
  };

  static void absorb(Part& part);
  Rewind rewind(PartitionId partition, Part& part);

  std::map<PartitionId, Part> parts_;
  std::vector<Chunk> filling_;
  std::deque<Given> given_;  // not settled, in order
  Token next_token_ = 1;
  std::uint64_t tenures_ = 0;
};

}  // namespace pelton::kafka_connector
