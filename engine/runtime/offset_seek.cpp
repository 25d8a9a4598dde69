// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/offset_seek.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace pelton::runtime {
namespace {

using Bounds = stream::Positions::Bounds;
using Extents = stream::Positions::Extents;
// Shared by the steps of a seek, of which exactly one answers.
using Reply = std::shared_ptr<Answer<http::SeekOutcome>>;

Offset target_of(const http::SeekRequest& request, const Bounds& bounds, Offset from) {
  using To = http::SeekRequest::To;
  Offset to = from;
  if (request.to == To::earliest) to = bounds.earliest;
  if (request.to == To::latest) to = bounds.end;
  if (request.to == To::offset) to = request.offset;
  if (request.to == To::by && __builtin_add_overflow(from, request.offset, &to))
    to = request.offset < 0 ? bounds.earliest : bounds.end;
  if (request.to == To::time) to = bounds.at_time;
  return std::clamp(to, bounds.earliest, bounds.end);
}

Result<http::SeekOutcome> plan_seek(const http::SeekRequest& request, BindingRunner& runner,
                                    const Extents& extents) {
  const auto wanted = [&](PartitionId partition) {
    return !request.partition || PartitionId{*request.partition} == partition;
  };
  http::SeekOutcome plan;
  for (const Bounds& bounds : extents.known) {
    if (!wanted(bounds.partition)) continue;
    const Offset from = runner.view(bounds.partition).counts.cursor;
    plan.changes.push_back({bounds.partition.value, from, target_of(request, bounds, from)});
  }
  for (const auto& [partition, why] : extents.missing)
    if (wanted(partition)) plan.skipped.push_back({partition.value, why});
  if (request.partition && plan.changes.empty() && plan.skipped.empty())
    return fail(ErrorKind::invalid, "E5001", "the stream of binding {} has no partition {}",
                request.binding, *request.partition);
  return plan;
}

void move_all(BindingRunner& runner, http::SeekOutcome&& plan, const Reply& reply) {
  struct Pending {
    std::size_t left;
    http::SeekOutcome outcome;
  };
  // Shared by the answers of the partitions: the last one replies.
  auto pending = std::make_shared<Pending>(plan.changes.size());
  pending->outcome.skipped = std::move(plan.skipped);
  for (const http::SeekChange& change : plan.changes)
    runner.seek(PartitionId{change.partition}, change.to, [pending, change, reply](Status done) {
      if (done)
        pending->outcome.changes.push_back(change);
      else
        pending->outcome.skipped.push_back({change.partition, done.error()});
      if (--pending->left > 0) return;
      std::ranges::sort(pending->outcome.changes, {}, &http::SeekChange::partition);
      (*reply)(std::move(pending->outcome));
    });
}

}  // namespace

void seek_offsets(Shard& shard, const http::SeekRequest& request,
                  Answer<http::SeekOutcome> answer) {
  auto reply = std::make_shared<Answer<http::SeekOutcome>>(std::move(answer));
  // A reload may be replacing the binding, also while brokers are asked.
  const auto find = [&shard, request, reply]() -> BindingRunner* {
    BindingRunner* const runner = shard.find_binding(request.binding);
    if (runner == nullptr)
      (*reply)(fail(ErrorKind::unavailable, "E5040", "binding {} is not running at the moment",
                    request.binding));
    return runner;
  };
  shard.post([request, reply, find] {
    BindingRunner* const runner = find();
    if (runner == nullptr) return;
    std::optional<WallTime> time;
    if (request.to == http::SeekRequest::To::time) time = request.time;
    runner->input().positions.extents(time, [request, reply, find](Result<Extents> extents) {
      if (!extents) return (*reply)(std::unexpected(extents.error()));
      BindingRunner* const still = find();
      if (still == nullptr) return;
      auto plan = plan_seek(request, *still, *extents);
      if (!plan || request.dry_run || plan->changes.empty()) return (*reply)(std::move(plan));
      move_all(*still, std::move(*plan), reply);
    });
  });
}

}  // namespace pelton::runtime
