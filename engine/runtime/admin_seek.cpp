// SPDX-License-Identifier: Apache-2.0
// `pelton offsets seek`: where to, then partition by partition.
#include "engine/runtime/admin.h"

#include <algorithm>
#include <utility>

namespace pelton::runtime {
namespace {

using Changes = std::vector<http::SeekChange>;

Offset target_of(const http::SeekRequest& request, const stream::Positions::Bounds& bounds,
                 Offset from) {
  using To = http::SeekRequest::To;
  Offset to = from;
  if (request.to == To::earliest) to = bounds.earliest;
  if (request.to == To::latest) to = bounds.end;
  if (request.to == To::offset) to = request.offset;
  if (request.to == To::by) to = from + request.offset;
  if (request.to == To::time) to = bounds.at_time;
  return std::clamp(to, bounds.earliest, bounds.end);
}

Result<Changes> plan_seek(const http::SeekRequest& request, BindingRunner& runner,
                          const std::vector<stream::Positions::Bounds>& all) {
  Changes plan;
  for (const stream::Positions::Bounds& bounds : all) {
    if (request.partition && PartitionId{*request.partition} != bounds.partition) continue;
    const Offset from = runner.view(bounds.partition).counts.cursor;
    plan.push_back({bounds.partition.value, from, target_of(request, bounds, from)});
  }
  if (plan.empty() && request.partition)
    return fail(ErrorKind::invalid, "E5001",
                "partition {} of binding {} is not there, or another engine has it",
                *request.partition, request.binding);
  return plan;
}

void seek_all(BindingRunner& runner, const Changes& plan,
              const std::shared_ptr<Answer<Changes>>& reply) {
  struct Pending {
    std::size_t left;
    Status status;
  };
  // Shared by the answers of the partitions: the last one replies.
  auto pending = std::make_shared<Pending>(plan.size(), Status{});
  for (const http::SeekChange& change : plan)
    runner.seek(PartitionId{change.partition}, change.to, [pending, plan, reply](Status done) {
      if (!done) pending->status = done;
      if (--pending->left > 0) return;
      if (!pending->status) return (*reply)(std::unexpected(pending->status.error()));
      (*reply)(plan);
    });
}

}  // namespace

void Admin::seek(const http::SeekRequest& request, Answer<Changes> answer) {
  auto binding = find_binding(request.binding);
  if (!binding) return answer(std::unexpected(binding.error()));
  // Shared by the steps below, of which exactly one answers.
  auto reply = std::make_shared<Answer<Changes>>(std::move(answer));
  shard_.post([this, request, reply] {
    BindingRunner* runner = shard_.find_binding(request.binding);
    // A reload is replacing it.
    if (runner == nullptr)
      return (*reply)(fail(ErrorKind::unavailable, "E5001",
                           "binding {} is not running at the moment", request.binding));
    std::optional<WallTime> time;
    if (request.to == http::SeekRequest::To::time) time = request.time;
    runner->input().positions.bounds(
        time, [request, reply, runner](Result<std::vector<stream::Positions::Bounds>> bounds) {
          if (!bounds) return (*reply)(std::unexpected(bounds.error()));
          auto plan = plan_seek(request, *runner, *bounds);
          if (!plan || request.dry_run || plan->empty()) return (*reply)(std::move(plan));
          seek_all(*runner, *plan, reply);
        });
  });
}

}  // namespace pelton::runtime
