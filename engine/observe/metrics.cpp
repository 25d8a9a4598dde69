// SPDX-License-Identifier: Apache-2.0
#include "engine/observe/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>

namespace pelton::observe {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

// The families in the order in which they were first named.
class Families {
 public:
  void counter(const char* name, const char* help, Labels labels, std::uint64_t value) {
    add(name, help, prometheus::MetricType::Counter, std::move(labels)).counter.value =
        static_cast<double>(value);
  }
  void real_counter(const char* name, const char* help, Labels labels, double value) {
    add(name, help, prometheus::MetricType::Counter, std::move(labels)).counter.value = value;
  }
  void gauge(const char* name, const char* help, Labels labels, double value) {
    add(name, help, prometheus::MetricType::Gauge, std::move(labels)).gauge.value = value;
  }
  void histogram(const char* name, const char* help, Labels labels, const HistogramCounts& counts) {
    auto& histogram =
        add(name, help, prometheus::MetricType::Histogram, std::move(labels)).histogram;
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < counts.buckets.size(); ++i) {
      below += counts.buckets[i];
      const bool last = i == kHistogramBounds.size();
      histogram.bucket.push_back(
          {below, last ? std::numeric_limits<double>::infinity() : kHistogramBounds[i]});
    }
    histogram.sample_count = below;
    histogram.sample_sum = counts.sum_seconds;
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  prometheus::ClientMetric& add(const char* name, const char* help, prometheus::MetricType type,
                                Labels labels) {
    if (families_.empty() || families_.back().name != name) {
      auto known = std::ranges::find(families_, name, &prometheus::MetricFamily::name);
      if (known != families_.end()) return metric(*known, std::move(labels));
      families_.push_back({name, help, type, {}});
    }
    return metric(families_.back(), std::move(labels));
  }
  static prometheus::ClientMetric& metric(prometheus::MetricFamily& family, Labels labels) {
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    for (auto& [name, value] : labels) metric.label.push_back({name, value});
    return metric;
  }

  std::vector<prometheus::MetricFamily> families_;
};

// The partition label of a series that stands for all partitions.
constexpr const char* kAllPartitions = "all";

PartitionStatus sum_of(const std::vector<PartitionStatus>& partitions) {
  PartitionStatus sum;
  for (const PartitionStatus& p : partitions) {
    sum.earliest += p.earliest;
    sum.end += p.end;
    sum.bytes += p.bytes;
  }
  return sum;
}

BindingPartitionStatus sum_of(const std::vector<BindingPartitionStatus>& partitions) {
  BindingPartitionStatus sum;
  for (const BindingPartitionStatus& p : partitions) {
    sum.cursor += p.cursor;
    sum.lag_events += p.lag_events;
    sum.lag_seconds = std::max(sum.lag_seconds, p.lag_seconds);
    sum.in_flight += p.in_flight;
    sum.retrying += p.retrying;
    sum.waiting += p.waiting;
    sum.held_bytes += p.held_bytes;
  }
  return sum;
}

// Calls add(partition label, status) for each partition, or once for all of them.
template <typename Partitions, typename Add>
void for_partitions(const Partitions& partitions, bool each, Add add) {
  if (!each && !partitions.empty()) return add(std::string(kAllPartitions), sum_of(partitions));
  for (const auto& p : partitions) add(std::to_string(p.partition), p);
}

// The page is bounded: series of single partitions only while there are few in all.
template <typename Items>
std::size_t most_partitions(const Items& items) {
  std::size_t total = 0;
  for (const auto& item : items)
    if (item.partitions.size() <= kMaxPartitionSeries) total += item.partitions.size();
  return total <= kMaxAllPartitionSeries ? kMaxPartitionSeries : 1;
}

void add_stream(Families& out, const StreamStatus& stream, std::size_t most) {
  out.counter("pelton_stream_events_total", "Events appended since start.",
              {{"stream", stream.name}}, stream.appended);
  out.counter("pelton_stream_dropped_unsettled_events_total",
              "Unsettled events that retention.force dropped.", {{"stream", stream.name}},
              stream.dropped_unsettled);
  const bool each = stream.partitions.size() <= most;
  for_partitions(stream.partitions, each, [&](const std::string& partition, const auto& p) {
    const Labels labels{{"stream", stream.name}, {"partition", partition}};
    out.gauge("pelton_stream_bytes", "Bytes stored.", labels, static_cast<double>(p.bytes));
    out.gauge("pelton_stream_end_offset", "Next offset to be given.", labels,
              static_cast<double>(p.end));
    out.gauge("pelton_stream_earliest_offset", "First offset still stored.", labels,
              static_cast<double>(p.earliest));
  });
}

void add_connector(Families& out, const ConnectorStatus& c) {
  const Labels labels{{"connector", c.name}, {"direction", c.direction}};
  out.counter("pelton_connector_events_total", "Events read or written.", labels, c.events);
  out.counter("pelton_connector_bytes_total", "Bytes read or written.", labels, c.bytes);
  out.counter("pelton_connector_errors_total", "Failed operations.", labels, c.errors);
  out.gauge("pelton_connector_up", "1 while it is connected.", labels,
            c.state == "running" ? 1 : 0);
  if (c.lag_events)
    out.gauge("pelton_connector_lag_events", "Events that wait in the system it reads.", labels,
              static_cast<double>(*c.lag_events));
  if (c.lag_bytes)
    out.gauge("pelton_connector_lag_bytes", "Bytes of the log that it reads that are not stored.",
              labels, static_cast<double>(*c.lag_bytes));
  if (c.lag_seconds)
    out.gauge("pelton_connector_lag_seconds", "Age of the newest change that it has read.", labels,
              static_cast<double>(*c.lag_seconds));
  if (c.last_slot)
    out.gauge("pelton_schedule_last_slot_seconds", "Unix time of the slot of its newest event.",
              labels, static_cast<double>(to_us(*c.last_slot)) / 1e6);
  if (c.next_slot)
    out.gauge("pelton_schedule_next_slot_seconds", "Unix time at which its next slot is due.",
              labels, static_cast<double>(to_us(*c.next_slot)) / 1e6);
  for (const auto& [reason, slots] : c.skipped_slots)
    out.counter("pelton_schedule_slots_skipped_total", "Slots that gave no event.",
                {{"connector", c.name}, {"reason", reason}}, slots);
}

void add_function(Families& out, const FunctionStatus& f) {
  const Labels labels{{"function", f.name}};
  out.gauge("pelton_function_workers", "Worker processes.", labels,
            static_cast<double>(f.workers.size()));
  out.counter("pelton_function_worker_starts_total", "Workers started.", labels, f.started);
  out.counter("pelton_function_worker_crashes_total", "Workers that ended with events in flight.",
              labels, f.crashed);
  out.counter("pelton_function_worker_timeouts_total",
              "Workers killed since an event took too long.", labels, f.timed_out);
  out.counter("pelton_function_worker_start_failures_total", "Workers that could not start.",
              labels, f.start_failures);
  out.counter("pelton_function_workers_recycled_total",
              "Workers ended at their limit of events or memory.", labels, f.recycled);
  out.counter("pelton_function_workers_reaped_total", "Workers ended since they were idle.", labels,
              f.reaped);
  std::uint64_t memory = 0;
  for (const WorkerStatus& worker : f.workers) memory += worker.memory_bytes;
  out.gauge("pelton_function_memory_bytes", "Memory of the worker processes.", labels,
            static_cast<double>(memory));
}

void add_durations(Families& out, const FunctionStatus& f) {
  for (const auto& [outcome, counts] :
       {std::pair("done", &f.durations.done), std::pair("failed", &f.durations.failed),
        std::pair("timeout", &f.durations.timed_out)})
    out.histogram("pelton_function_duration_seconds", "Time that an event was with a worker.",
                  {{"function", f.name}, {"outcome", outcome}}, *counts);
}

// Names that dashboards for any process know.
void add_process(Families& out, const StatusReport& report) {
  const ProcessStatus& process = report.process;
  out.real_counter("process_cpu_seconds_total", "CPU time of the engine's process.", {},
                   process.cpu_seconds);
  out.gauge("process_resident_memory_bytes", "Memory of the engine's process.", {},
            static_cast<double>(process.resident_bytes));
  out.gauge("process_open_fds", "Open descriptors.", {},
            static_cast<double>(process.open_descriptors));
  out.gauge("process_max_fds", "Most descriptors that may be open.", {},
            static_cast<double>(process.most_descriptors));
  out.gauge("process_threads", "Threads.", {}, static_cast<double>(process.threads));
  out.gauge("process_start_time_seconds", "When the engine started, Unix time.", {},
            static_cast<double>(to_us(report.started)) / 1e6);
}

void add_binding_partition(Families& out, const Labels& at, const BindingPartitionStatus& p) {
  out.gauge("pelton_binding_cursor_offset", "First offset not settled.", at,
            static_cast<double>(p.cursor));
  out.gauge("pelton_binding_lag_events", "Events from the cursor to the end.", at,
            static_cast<double>(p.lag_events));
  out.gauge("pelton_binding_lag_seconds", "Age of the oldest unsettled event.", at, p.lag_seconds);
  out.gauge("pelton_binding_in_flight_events", "Events with workers.", at,
            static_cast<double>(p.in_flight));
  out.gauge("pelton_binding_retrying_events", "Events between attempts.", at,
            static_cast<double>(p.retrying));
  out.gauge("pelton_binding_waiting_events", "Events behind another of their key.", at,
            static_cast<double>(p.waiting));
  out.gauge("pelton_binding_held_bytes",
            "Bytes of the batches that are in memory for unsettled events.", at,
            static_cast<double>(p.held_bytes));
}

void add_binding(Families& out, const BindingStatus& b, std::size_t most) {
  const Labels labels{{"binding", b.name}};
  out.counter("pelton_binding_done_events_total", "Events that ended as done.", labels, b.done);
  out.counter("pelton_binding_failed_attempts_total", "Attempts that failed.", labels,
              b.failed_attempts);
  out.counter("pelton_binding_filtered_events_total", "Events that the filter passed over.", labels,
              b.filtered);
  out.counter("pelton_binding_deduplicated_events_total",
              "Events whose idempotency key was completed.", labels, b.deduplicated);
  out.gauge("pelton_binding_idempotency_keys", "Completed idempotency keys that are remembered.",
            labels, static_cast<double>(b.idempotency_keys));
  out.gauge("pelton_binding_idempotency_bytes", "Memory for completed idempotency keys.", labels,
            static_cast<double>(b.idempotency_bytes));
  out.counter("pelton_binding_idempotency_keys_forgotten_total",
              "Completed idempotency keys that were forgotten before their ttl was over because "
              "the memory for them was full.",
              labels, b.idempotency_forgotten);
  out.counter("pelton_binding_output_events_total", "Output events.", labels, b.outputs);
  out.counter("pelton_binding_discarded_output_events_total",
              "Events that the function returned though the binding has no \"to\".", labels,
              b.discarded_outputs);
  if (b.last_done)
    out.gauge("pelton_binding_last_success_timestamp_seconds",
              "When an event last ended as done, Unix time.", labels,
              static_cast<double>(to_us(*b.last_done)) / 1e6);
  for (const auto& [reason, count] : b.dead_lettered_by_reason)
    out.counter("pelton_binding_dead_lettered_events_total", "Events that became dead letters.",
                {{"binding", b.name}, {"reason", reason}}, count);
  out.counter("pelton_binding_late_results_total",
              "Results of frames that were no longer waited for.", labels, b.late_results);
  out.gauge("pelton_binding_dead_letters", "Dead letters kept.", labels,
            static_cast<double>(b.dead_letters));
  out.gauge("pelton_binding_stopped", "1 while a partition is stopped and waits for the operator.",
            labels, b.stopped.empty() ? 0 : 1);
  out.gauge("pelton_binding_trouble",
            "1 while its stream cannot be read or its offsets not committed (brokers away).",
            labels, b.trouble.empty() ? 0 : 1);
  out.gauge("pelton_binding_paused", "1 while the binding is paused by its circuit breaker.",
            labels, b.paused.empty() ? 0 : 1);
  out.gauge("pelton_binding_paused_by_operator", "1 while the binding is paused by an operator.",
            labels, b.paused_by_operator ? 1 : 0);
  out.counter("pelton_binding_pauses_total", "How often the circuit breaker opened.", labels,
              b.pauses);
  const bool each = b.partitions.size() <= most;
  for_partitions(b.partitions, each, [&](const std::string& partition, const auto& p) {
    add_binding_partition(out, {{"binding", b.name}, {"partition", partition}}, p);
  });
}

void add_route(Families& out, const RouteStatus& r) {
  for (const auto& [status, count] : r.by_status)
    out.counter("pelton_http_requests_total", "Requests that a route has answered.",
                {{"route", r.name}, {"code", std::to_string(status)}}, count);
  out.gauge("pelton_http_requests_under_way", "Requests that are being served.",
            {{"route", r.name}}, static_cast<double>(r.under_way));
  if (!r.durable) return;
  out.gauge("pelton_http_durable_calls", "Calls with an Idempotency-Key that have no response yet.",
            {{"route", r.name}}, static_cast<double>(r.durable->calls));
  out.gauge("pelton_http_durable_results",
            "Stored responses that repeated requests are answered with.", {{"route", r.name}},
            static_cast<double>(r.durable->results));
}

void add_listener(Families& out, const ListenerStatus& l) {
  if (l.log_lines_dropped)
    out.counter("pelton_http_access_log_dropped_total",
                "Lines of a listener's access log that its file did not take in time.",
                {{"listener", l.name}}, *l.log_lines_dropped);
}

}  // namespace

std::string render_metrics(const StatusReport& report) {
  Families out;
  out.gauge("pelton_build_info", "1, with the version.", {{"version", report.version}}, 1);
  out.gauge("pelton_ready", "1 while the engine is ready.", {}, report.ready ? 1 : 0);
  add_process(out, report);
  const ConfigStatus& config = report.config_status;
  out.counter("pelton_config_reloads_total", "Reloads of the config.", {{"result", "ok"}},
              config.reloads_ok);
  out.counter("pelton_config_reloads_total", "", {{"result", "failed"}}, config.reloads_failed);
  out.gauge("pelton_config_last_reload_successful", "Whether the last reload was applied.", {},
            config.last_error.empty() ? 1 : 0);
  out.gauge("pelton_config_last_success_timestamp_seconds",
            "When the config was last loaded, at the start or by a reload.", {},
            static_cast<double>(to_us(config.last_success.value_or(report.started))) / 1e6);
  out.counter("pelton_store_commits_total", "Transactions committed.", {}, report.store_commits);
  out.counter("pelton_store_syncs_total", "Groups of transactions synced to disk.", {},
              report.store_fsyncs);
  out.histogram("pelton_store_append_seconds", "Time until a transaction is durable.", {},
                report.store_transactions);
  out.histogram("pelton_store_commit_seconds",
                "Time that a group of transactions took on the disk.", {},
                report.store_group_commits);
  out.gauge("pelton_memory_limit_bytes", "engine.memory.", {},
            static_cast<double>(report.memory_limit));
  for (const auto& [holder, bytes] : report.memory)
    out.gauge("pelton_memory_bytes", "Memory claimed of it.", {{"holder", holder}},
              static_cast<double>(bytes));
  const std::size_t streams = most_partitions(report.streams);
  for (const StreamStatus& stream : report.streams) add_stream(out, stream, streams);
  for (const ConnectorStatus& connector : report.connectors) add_connector(out, connector);
  for (const FunctionStatus& function : report.functions) add_function(out, function);
  for (const FunctionStatus& function : report.functions) add_durations(out, function);
  for (const ListenerStatus& listener : report.listeners) add_listener(out, listener);
  for (const RouteStatus& route : report.routes) add_route(out, route);
  for (const RouteStatus& route : report.routes)
    out.histogram("pelton_http_request_seconds",
                  "Time from the header of a request to its response.", {{"route", route.name}},
                  route.durations);
  const std::size_t bindings = most_partitions(report.bindings);
  for (const BindingStatus& binding : report.bindings) add_binding(out, binding, bindings);
  for (const BindingStatus& binding : report.bindings)
    out.histogram("pelton_binding_completion_age_seconds",
                  "Age of events when they ended as done, from their own time.",
                  {{"binding", binding.name}}, binding.completion_ages);
  return out.text();
}

}  // namespace pelton::observe
