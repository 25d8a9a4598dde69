// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/kafka/source_progress.h"
#include "engine/config/parts/start.h"
#include "engine/kafka/consume/commit_metadata.h"
#include "engine/kafka/consume/consumer.h"
#include "engine/kafka/options.h"
#include "engine/model/batch_builder.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::kafka_connector {

// Value. What a source reads, and as whom.
struct SourceSetup {
  kafka::TopicOptions topic;
  kafka::GroupOptions group;
  config::Start start;
};

// A member of the group, from the time that it joins until it leaves. Drives its own consumer: all
// happens on the caller's thread, within its calls.
//
// When partitions move to another member, what was given out of them gets five seconds to be
// settled, then the offsets are committed and the partitions let go; what is settled later than
// that, or of partitions that were lost, changes nothing.
class SourceMember final : private kafka::RecordListener,
                           private kafka::GroupListener,
                           private kafka::CommitListener {
 public:
  // Asks the brokers for the topic and joins the group. invalid (E6102): the configuration;
  // unavailable (E6101): no answer, or no such topic.
  static Result<std::unique_ptr<SourceMember>> join(const SourceSetup& setup);
  ~SourceMember() override;
  SourceMember(const SourceMember&) = delete;
  SourceMember& operator=(const SourceMember&) = delete;

  using Token = SourceProgress::Token;
  // See Source::read(). unavailable (E6101): the brokers are away; corrupt (E6105): the client has
  // ended, another one has its place.
  Result<Token> read(model::BatchBuilder& into, std::size_t max_events, std::size_t max_bytes,
                     std::chrono::steady_clock::time_point deadline);
  void settle(Token token, bool done);
  // Commits what is settled and leaves the group (a static member stays in it). Waits a few seconds
  // for the brokers at most, and not at all when they are known to be away.
  void leave();

  std::uint64_t lag() const { return progress_.lag(); }
  // Sentences for the operator since the last call.
  std::vector<std::string> take_warnings();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // What was fetched and is not given out, from event `first` on.
  struct Ready {
    PartitionId partition;
    std::uint64_t tenure = 0;
    Offset base = 0;
    model::BatchPtr batch;
    std::size_t first = 0;
  };

  explicit SourceMember(const SourceSetup& setup) : setup_(setup), codec_(setup.topic.topic) {}

  // ---- from the consumer
  void assigning(kafka::GroupFacts group, std::uint64_t round) override;
  void waiting(std::optional<Error> why) override;
  void fetched(PartitionId partition, std::uint64_t tenure, Offset base, model::BatchPtr batch,
               Offset end) override;
  void end_moved(PartitionId partition, Offset end) override;
  void passed(PartitionId partition, std::uint64_t tenure, Offset from, Offset to) override;
  void revoking(std::vector<PartitionId> partitions) override;
  void lost(std::vector<PartitionId> partitions) override;
  void committed(std::uint64_t id, Status status) override;
  void metadata_too_long(std::uint64_t id) override;
  void trouble(const Error& error) override;
  void closed() override { closed_ = true; }

  kafka::Consumer::ReadFrom begin(const kafka::PartitionFacts& facts);
  void forget(const std::vector<PartitionId>& partitions);
  void turn_until(SteadyTime deadline, const std::function<bool()>& over);
  void fill(model::BatchBuilder& into, std::size_t max_events, std::size_t max_bytes);
  void give(Ready& ready, model::BatchBuilder& into, std::size_t max_events, std::size_t max_bytes);
  // Commits and releases what is due.
  void do_duties();
  bool commit();
  void check_brokers();
  void warn(std::string sentence);

  const SourceSetup setup_;
  kafka::PollLoop loop_;
  std::unique_ptr<kafka::Consumer> consumer_;
  kafka::MetadataCodec codec_;
  SourceProgress progress_;
  std::deque<Ready> ready_;
  std::vector<PartitionId> revoking_;  // wait for their reads to be settled
  SteadyTime revoke_until_{};
  bool last_commit_ = false;  // when the one under way is answered, revoking_ is released
  bool committing_ = false;
  SteadyTime committed_at_{};
  std::optional<SteadyTime> down_since_;  // the client is in trouble
  std::optional<Error> error_;            // for the next read
  std::vector<std::string> warnings_;
  std::string last_warning_;
  bool leaving_ = false;
  bool closed_ = false;
};

}  // namespace pelton::kafka_connector
