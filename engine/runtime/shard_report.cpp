// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/shard_report.h"

#include "engine/base/utf8.h"

#include <algorithm>

namespace pelton::runtime {
namespace {

// Most parked keys that a report names.
constexpr std::size_t kParkedShown = 20;
// Of a key and of an error message; both may be a megabyte.
constexpr std::size_t kKeyShown = 100;
constexpr std::size_t kErrorShown = 1000;

observe::BindingPartitionStatus partition_status(BindingRunner& binding, PartitionId partition,
                                                 WallTime now) {
  const auto view = binding.view(partition);
  observe::BindingPartitionStatus status;
  status.partition = partition.value;
  status.cursor = view.counts.cursor;
  status.end = view.end;
  status.lag_events = static_cast<std::uint64_t>(std::max<Offset>(0, view.end - status.cursor));
  if (view.oldest && status.lag_events > 0)
    status.lag_seconds = std::max(0.0, std::chrono::duration<double>(now - *view.oldest).count());
  status.in_flight = view.counts.in_flight;
  status.retrying = view.counts.retrying;
  status.waiting = view.counts.waiting;
  status.held_bytes = view.counts.bytes;
  return status;
}

observe::ParkedKey parked_key(const dispatch::ParkedEvent& event) {
  observe::ParkedKey parked;
  parked.partition = event.partition.value;
  parked.offset = event.offset;
  parked.key = shortened(event.key, kKeyShown);
  if (event.retry == nullptr) return parked;
  parked.attempts = event.retry->attempts;
  parked.next = event.retry->next;
  if (!event.retry->history.empty()) {
    const model::Attempt& last = event.retry->history.back();
    parked.last_error =
        shortened(last.type.empty() ? last.message : last.type + ": " + last.message, kErrorShown);
  }
  return parked;
}

}  // namespace

observe::FunctionStatus function_status(const FunctionRunner& function) {
  const worker::PoolStats stats = function.stats();
  observe::FunctionStatus status;
  status.name = function.function().name;
  for (const worker::WorkerInfo& info : stats.workers)
    status.workers.push_back({info.name, info.pid, info.state, info.events,
                              std::chrono::duration<double>(info.age).count(), info.memory_bytes});
  status.started = stats.started;
  status.crashed = stats.crashed;
  status.timed_out = stats.timed_out;
  status.recycled = stats.recycled;
  status.reaped = stats.reaped;
  status.start_failures = stats.start_failures;
  status.durations = {stats.done, stats.failed, stats.timed_out_after};
  if (stats.isolation)
    status.isolation = {config::word_of(function.function().isolation.level),
                        stats.isolation->active, stats.isolation->missing};
  status.start_error = stats.start_error.value_or("");
  return status;
}

observe::BindingStatus binding_status(BindingRunner& binding, const store::Store& store,
                                      double done_per_second, WallTime now) {
  const auto& options = binding.dispatcher().options();
  const auto& totals = binding.dispatcher().totals();
  observe::BindingStatus status;
  status.name = options.binding;
  status.stream = options.stream;
  status.function = options.function;
  for (const model::OutputStream& to : options.outputs) status.to.push_back(to.name);
  if (options.delivery.rate_limit)
    status.rate_limit = config::rate_text(*options.delivery.rate_limit);
  for (PartitionId partition : binding.input().positions.partitions())
    status.partitions.push_back(partition_status(binding, partition, now));
  status.done = totals.done;
  status.failed_attempts = totals.failed_attempts;
  status.filtered = totals.filtered;
  status.deduplicated = totals.deduplicated;
  const dispatch::KeyUsage keys = binding.dispatcher().completed_keys();
  status.idempotency_keys = keys.keys;
  status.idempotency_bytes = keys.bytes;
  status.idempotency_forgotten = keys.forgotten_early;
  (options.outputs.empty() ? status.discarded_outputs : status.outputs) = totals.outputs;
  status.last_done = totals.last_done;
  status.completion_ages = binding.dispatcher().completion_ages();
  status.late_results = totals.late_results;
  status.dead_lettered = totals.dead_letters;
  // Each is there from the start: an increase from nothing is one that a query sees.
  for (const char* reason : dispatch::kDeadLetterReasons) {
    const auto count = totals.dead_letters_by_reason.find(reason);
    status.dead_lettered_by_reason[reason] =
        count == totals.dead_letters_by_reason.end() ? 0 : count->second;
  }
  status.dead_letters =
      store.dead_letter_count(options.id) + binding.input().health.letters_elsewhere();
  status.done_per_second = done_per_second;
  status.stopped = binding.stopped();
  const dispatch::BreakerView breaker = binding.dispatcher().breaker();
  status.paused = pause_text(breaker, now);
  status.pauses = breaker.opened;
  status.paused_by_operator = binding.setup().paused;
  auto trouble = binding.trouble();
  status.trouble = std::move(trouble.what);
  status.ended = trouble.ended;
  for (const auto& event : binding.dispatcher().parked(kParkedShown))
    status.parked.push_back(parked_key(event));
  return status;
}

}  // namespace pelton::runtime
