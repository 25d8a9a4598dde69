// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/partition_starts.h"

#include "engine/kafka/consume/resume_offset.h"
#include "engine/observe/log.h"
#include "engine/store/ledger.h"

#include <utility>

namespace pelton::stream {
namespace {

// In the ledger of the store: "<binding>/<partition>" -> epoch.
constexpr const char* kLedger = "kafka-epochs";

std::string epoch_name(const std::string& binding, PartitionId partition) {
  return fmt::format("{}/{}", binding, partition.value);
}

}  // namespace

std::vector<PartitionStarts::Decision> PartitionStarts::decide(
    const std::vector<kafka::PartitionFacts>& facts) {
  std::vector<Decision> decisions;
  for (const kafka::PartitionFacts& each : facts) decisions.push_back(decide(each));
  return decisions;
}

PartitionStarts::Decision PartitionStarts::decide(const kafka::PartitionFacts& facts) {
  Decision decision;
  decision.end = facts.end;
  GroupCommit commit{facts.partition, 0, facts.committed, std::nullopt, facts.end};
  const auto offset = resume(facts);
  if (!offset) decision.stopped = offset.error();
  commit.resume = offset ? *offset : *facts.committed;
  if (offset && facts.committed) commit.metadata = metadata(facts);
  auto known = local(commit);
  if (!known) decision.stopped = known.error();
  decision.start =
      progress_.decide(commit, known ? std::move(*known) : LocalProgress{}, random_number());
  return decision;
}

std::optional<kafka::CommitMetadata> PartitionStarts::metadata(const kafka::PartitionFacts& facts) {
  auto decoded = codec_.decode(facts.partition, *facts.committed, facts.metadata);
  if (decoded.elsewhere && !std::exchange(foreign_metadata_, true))
    observe::log::warn(
        "a committed offset has metadata that belongs to another offset, topic or cluster, as "
        "tools "
        "that copy offsets leave it: only the offset is used",
        {{"binding", setup_.binding_name},
         {"partition", std::to_string(facts.partition.value)},
         {"offset", std::to_string(*facts.committed)}});
  return std::move(decoded.metadata);
}

Result<Offset> PartitionStarts::resume(const kafka::PartitionFacts& facts) const {
  auto resume = kafka::resume_offset({setup_.start, setup_.out_of_range}, facts, facts.committed);
  if (!resume) {
    resume.error().message += ": seek the binding, or set kafka.out_of_range";
    return std::unexpected(std::move(resume).error());
  }
  if (resume->moved)
    observe::log::warn(
        "the committed offset is no longer in the topic; reading continues elsewhere",
        {{"binding", setup_.binding_name},
         {"partition", std::to_string(facts.partition.value)},
         {"offset", std::to_string(*facts.committed)},
         {"to", std::to_string(resume->offset)}});
  return resume->offset;
}

Result<LocalProgress> PartitionStarts::local(const GroupCommit& commit) {
  LocalProgress local;
  if (!progress_.needs_local(commit)) return local;
  auto epoch =
      store_.store().ledger().get(kLedger, epoch_name(setup_.binding_name, commit.partition));
  if (!epoch) return std::unexpected(epoch.error());
  if (*epoch && **epoch == std::to_string(commit.metadata->epoch))
    local.epoch = commit.metadata->epoch;
  auto progress = store_.store().cursor(setup_.binding, at(commit.partition));
  if (!progress) return std::unexpected(progress.error());
  auto retries = store_.store().retries(setup_.binding, at(commit.partition));
  if (!retries) return std::unexpected(retries.error());
  local.progress = std::move(*progress);
  local.retries = std::move(*retries);
  return local;
}

Status PartitionStarts::write_untrusted(const std::vector<Decision>& decisions,
                                        model::Transaction& transaction) {
  std::vector<store::Ledger::KeyValue> epochs;
  for (const Decision& decision : decisions) {
    const PartitionStart& start = decision.start;
    if (start.trusted) continue;
    epochs.push_back(
        {epoch_name(setup_.binding_name, start.partition), std::to_string(start.epoch)});
    if (decision.stopped) continue;
    transaction.progress.push_back({setup_.binding, at(start.partition), start.restored.progress});
    if (auto ok = forget_retries(store_.store(), setup_.binding, at(start.partition), transaction);
        !ok)
      return ok;
    for (const auto& retry : start.restored.retries)
      transaction.retries.push_back(
          {setup_.binding, at(start.partition), retry.offset, retry.state});
  }
  return epochs.empty() ? Status{} : store_.store().ledger().put(kLedger, epochs);
}

}  // namespace pelton::stream
