// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/embedded/embedded_access.h"

#include <algorithm>
#include <utility>

namespace pelton::stream {
namespace {

Result<Offset> resolve(store::Store& store, model::StreamPartition at,
                       const ReadRequest::From& from, const store::StreamBounds& bounds) {
  using Kind = ReadRequest::From::Kind;
  switch (from.kind) {
    case Kind::earliest:
      return bounds.earliest;
    case Kind::latest:
      return bounds.end;
    case Kind::offset:
      return std::clamp(from.offset, bounds.earliest, bounds.end);
    case Kind::time:
      return store.offset_at(at, from.time);
  }
  return bounds.earliest;
}

Status check_partition(const StreamTarget& target, std::uint32_t partition) {
  if (partition < target.partitions()) return {};
  return fail(ErrorKind::invalid, "E5001", "stream {} has partitions 0 to {}, not {}",
              target.name(), target.partitions() - 1, partition);
}

// The store may be read by any thread: answers come at once.
class EmbeddedReader final : public StreamReader {
 public:
  EmbeddedReader(store::Store& store, EmbeddedStreams::TargetPtr target)
      : store_(store), target_(std::move(target)) {}

  void partitions(Answer<std::uint32_t> answer) override { answer(target_->partitions()); }
  void read(const ReadRequest& request, Answer<ReadAnswer> answer) override {
    answer(page(request));
  }

 private:
  Result<ReadAnswer> page(const ReadRequest& request);

  store::Store& store_;
  const EmbeddedStreams::TargetPtr target_;
};

Result<ReadAnswer> EmbeddedReader::page(const ReadRequest& request) {
  if (auto ok = check_partition(*target_, request.partition); !ok)
    return std::unexpected(ok.error());
  const model::StreamPartition at{target_->stream(), PartitionId{request.partition}};
  auto bounds = store_.bounds(at);
  if (!bounds) return std::unexpected(bounds.error());
  auto from = resolve(store_, at, request.from, *bounds);
  if (!from) return std::unexpected(from.error());
  ReadAnswer answer{*from, *from, bounds->end, false, {}};
  if (*from < bounds->end) {
    auto batches = store_.read(at, *from, request.max_bytes);
    if (!batches) return std::unexpected(batches.error());
    answer.batches = std::move(*batches);
  }
  if (!answer.batches.empty())
    answer.next = answer.batches.back().base + answer.batches.back().batch->span();
  answer.at_end = answer.batches.empty() || answer.next >= answer.end;
  return answer;
}

}  // namespace

Result<EmbeddedStreams::TargetPtr> EmbeddedAccess::find(const std::string& name) {
  auto target = streams_.find(name);
  if (!target) return fail(ErrorKind::invalid, "E5001", "no stream named \"{}\"", name);
  return target;
}

void EmbeddedAccess::produce(const std::string& stream, model::BatchPtr events,
                             std::optional<std::uint32_t> partition,
                             Answer<std::vector<Produced>> answer) {
  auto target = find(stream);
  if (!target) return answer(std::unexpected(target.error()));
  std::optional<PartitionId> fixed;
  if (partition) {
    if (auto ok = check_partition(**target, *partition); !ok)
      return answer(std::unexpected(ok.error()));
    fixed = PartitionId{*partition};
  }
  model::Transaction transaction = (*target)->append(events, fixed);
  std::vector<Produced> produced;
  for (const model::Append& append : transaction.appends)
    produced.push_back(
        {append.to.partition.value, 0, static_cast<std::uint32_t>(append.batch->size())});
  // Shared by the refusal below and the commit: exactly one of them answers.
  auto reply = std::make_shared<Answer<std::vector<Produced>>>(std::move(answer));
  auto taken = store_.submit(std::move(transaction), store::Origin::outside,
                             [reply, produced](Result<store::Committed> committed) mutable {
                               if (!committed) return (*reply)(std::unexpected(committed.error()));
                               for (std::size_t i = 0; i < produced.size(); ++i)
                                 produced[i].base = committed->bases[i];
                               (*reply)(std::move(produced));
                             });
  if (!taken) (*reply)(std::unexpected(taken.error()));
}

Result<std::shared_ptr<StreamReader>> EmbeddedAccess::reader(const std::string& stream) {
  auto target = find(stream);
  if (!target) return std::unexpected(target.error());
  return std::make_shared<EmbeddedReader>(store_, std::move(*target));
}

}  // namespace pelton::stream
