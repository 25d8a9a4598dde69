// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/admin.h"

#include <algorithm>
#include <utility>

namespace pelton::runtime {
namespace {

std::unexpected<Error> not_found(std::string_view what, std::string_view name) {
  return fail(ErrorKind::invalid, "E5001", "no {} named \"{}\"", what, name);
}

Result<Offset> resolve(store::Store& store, store::StreamPartition at,
                       const http::ReadRequest::From& from, const store::StreamBounds& bounds) {
  using Kind = http::ReadRequest::From::Kind;
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

}  // namespace

Admin::Admin(store::Store& store, Shard& shard, Targets& targets,
             std::function<void(observe::StatusReport&)> report)
    : store_(store), shard_(shard), targets_(targets), report_(std::move(report)) {}

void Admin::add_binding(std::string name, BindingId id, LetterTopic* letters) {
  bindings_.push_back({std::move(name), id, letters});
}

Result<StreamTarget*> Admin::find_stream(const std::string& name,
                                         std::optional<std::uint32_t> partition) {
  const auto at = targets_.find(name);
  if (at == targets_.end() && topics_.contains(name))
    return fail(ErrorKind::invalid, "E5009",
                "{} is a Kafka topic: its events are written and read with Kafka's own tools",
                name);
  if (at == targets_.end()) return not_found("stream", name);
  if (partition && *partition >= at->second->partitions())
    return fail(ErrorKind::invalid, "E5001", "stream {} has partitions 0 to {}, not {}", name,
                at->second->partitions() - 1, *partition);
  return at->second.get();
}

Result<const Admin::KnownBinding*> Admin::find_binding(std::string_view name) const {
  for (const KnownBinding& binding : bindings_)
    if (binding.name == name) return &binding;
  return not_found("binding", name);
}

void Admin::status(http::Answer<observe::StatusReport> answer) {
  shard_.post([this, answer = std::move(answer)]() mutable {
    observe::StatusReport report;
    report_(report);
    answer(std::move(report));
  });
}

void Admin::produce(const std::string& stream, model::BatchPtr events,
                    std::optional<std::uint32_t> partition,
                    http::Answer<std::vector<http::Produced>> answer) {
  auto target = find_stream(stream, partition);
  if (!target) return answer(std::unexpected(target.error()));
  std::optional<PartitionId> fixed;
  if (partition) fixed = PartitionId{*partition};
  store::Transaction transaction = (*target)->append(events, fixed);
  std::vector<http::Produced> produced;
  for (const store::Append& append : transaction.appends)
    produced.push_back(
        {append.to.partition.value, 0, static_cast<std::uint32_t>(append.batch->size())});
  // Shared by the refusal below and the commit: exactly one of them answers.
  auto reply = std::make_shared<http::Answer<std::vector<http::Produced>>>(std::move(answer));
  auto taken = store_.submit(std::move(transaction), store::Origin::outside,
                             [reply, produced](Result<store::Committed> committed) mutable {
                               if (!committed) return (*reply)(std::unexpected(committed.error()));
                               for (std::size_t i = 0; i < produced.size(); ++i)
                                 produced[i].base = committed->bases[i];
                               (*reply)(std::move(produced));
                             });
  if (!taken) (*reply)(std::unexpected(taken.error()));
}

void Admin::read(const http::ReadRequest& request, http::Answer<http::ReadAnswer> answer) {
  auto target = find_stream(request.stream, request.partition);
  if (!target) return answer(std::unexpected(target.error()));
  const store::StreamPartition at{(*target)->stream(), PartitionId{request.partition}};
  auto bounds = store_.bounds(at);
  if (!bounds) return answer(std::unexpected(bounds.error()));
  auto from = resolve(store_, at, request.from, *bounds);
  if (!from) return answer(std::unexpected(from.error()));
  http::ReadAnswer reply{*from, bounds->end, {}};
  if (*from < bounds->end) {
    auto batches = store_.read(at, *from, request.max_bytes);
    if (!batches) return answer(std::unexpected(batches.error()));
    reply.batches = std::move(*batches);
  }
  answer(std::move(reply));
}

}  // namespace pelton::runtime
