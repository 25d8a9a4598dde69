// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/kafka.h"
#include "engine/config/parts/start.h"
#include "engine/model/batch_builder.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::kafka {

// A member of a consumer group that reads its partitions, whatever their number, in one loop on the
// caller's thread. What is read is given out with a token; the group's offsets follow what is
// settled, never what is only read. When partitions move to another member, what of them was given
// out gets five seconds to be settled, then the offsets are committed and the partitions let go;
// what is settled later than that, or of partitions that were lost, changes nothing.
//
// One thread.
class GroupReader {
 public:
  struct Setup {
    config::KafkaTopic topic;
    config::KafkaGroup group;
    config::Start start;
  };
  // Makes the client, asks the brokers for the topic and joins the group. invalid (E6102): the
  // configuration; unavailable (E6101): no answer, or no such topic.
  static Result<std::unique_ptr<GroupReader>> open(Setup setup);
  ~GroupReader();  // close()
  GroupReader(const GroupReader&) = delete;
  GroupReader& operator=(const GroupReader&) = delete;

  using Token = std::uint64_t;
  // Adds records to `into`, as RecordDecoder makes events of them; waits for the first one until
  // the deadline. The token settles them; without a record it is not used. unavailable (E6101): the
  // brokers are away; corrupt (E6105): the client has ended, another one has its place. After an
  // error nothing of `into` counts.
  Result<Token> read(model::BatchBuilder& into, std::size_t max_events, std::size_t max_bytes,
                     std::chrono::steady_clock::time_point deadline);
  // In the order of the reads. Not done: those records, and what came behind them, are read again.
  void settle(Token token, bool done);
  // Commits what is settled and leaves the group (a static member stays in it). Waits a few seconds
  // for the brokers at most, and not at all when they are known to be away.
  void close();

  // Records of its partitions that are not settled, as far as the client knows.
  std::uint64_t lag() const;
  // Sentences for the operator since the last call.
  std::vector<std::string> take_warnings();

 private:
  class Impl;
  explicit GroupReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pelton::kafka
