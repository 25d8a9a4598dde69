// SPDX-License-Identifier: Apache-2.0
#include "engine/observe/status_json.h"

#include "engine/base/units.h"
#include "engine/base/utf8.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace pelton::observe {
namespace {

namespace json = boost::json;

template <typename Items, typename Convert>
json::array list(const Items& items, Convert convert) {
  json::array out;
  for (const auto& item : items) out.push_back(convert(item));
  return out;
}

json::value convert(const PartitionStatus& p) {
  return {{"partition", p.partition}, {"earliest", p.earliest}, {"end", p.end}, {"bytes", p.bytes}};
}

json::value convert(const StreamStatus& s) {
  return {{"name", to_utf8(s.name)},
          {"appended", s.appended},
          {"appended_per_second", s.appended_per_second},
          {"dropped_unsettled", s.dropped_unsettled},
          {"partitions", list(s.partitions, [](const auto& p) { return convert(p); })}};
}

json::value time_or_null(const std::optional<WallTime>& time) {
  return time ? json::value(format_time(*time)) : json::value(nullptr);
}

json::value convert(const ConnectorStatus& c) {
  json::object skipped;
  for (const auto& [reason, slots] : c.skipped_slots) skipped[reason] = slots;
  return {{"name", to_utf8(c.name)},
          {"type", c.type},
          {"direction", c.direction},
          {"stream", to_utf8(c.stream)},
          {"state", c.state},
          {"events", c.events},
          {"bytes", c.bytes},
          {"errors", c.errors},
          {"last_error", to_utf8(c.last_error)},
          {"events_per_second", c.events_per_second},
          {"lag_events", c.lag_events ? json::value(*c.lag_events) : json::value(nullptr)},
          {"lag_bytes", c.lag_bytes ? json::value(*c.lag_bytes) : json::value(nullptr)},
          {"lag_seconds", c.lag_seconds ? json::value(*c.lag_seconds) : json::value(nullptr)},
          {"position", to_utf8(c.position)},
          {"last_slot", time_or_null(c.last_slot)},
          {"next_slot", time_or_null(c.next_slot)},
          {"skipped_slots", std::move(skipped)}};
}

json::value convert(const WorkerStatus& w) {
  return {{"name", to_utf8(w.name)},
          {"pid", w.pid},
          {"state", w.state},
          {"events", w.events},
          {"age_seconds", w.age_seconds},
          {"memory_bytes", w.memory_bytes}};
}

json::value isolation_of(const FunctionStatus& f) {
  if (!f.isolation) return nullptr;
  return {{"level", f.isolation->level},
          {"active", list(f.isolation->active, [](const auto& part) { return json::value(part); })},
          {"missing", list(f.isolation->missing, [](const auto& part) {
             return json::value{{"part", part.first}, {"reason", to_utf8(part.second)}};
           })}};
}

json::value convert(const FunctionStatus& f) {
  return {{"name", to_utf8(f.name)},
          {"workers", list(f.workers, [](const auto& w) { return convert(w); })},
          {"started", f.started},
          {"crashed", f.crashed},
          {"timed_out", f.timed_out},
          {"recycled", f.recycled},
          {"reaped", f.reaped},
          {"start_failures", f.start_failures},
          {"isolation", isolation_of(f)},
          {"start_error", to_utf8(f.start_error)}};
}

json::value convert(const BindingPartitionStatus& p) {
  return {
      {"partition", p.partition},   {"cursor", p.cursor},           {"end", p.end},
      {"lag_events", p.lag_events}, {"lag_seconds", p.lag_seconds}, {"in_flight", p.in_flight},
      {"retrying", p.retrying},     {"waiting", p.waiting},         {"held_bytes", p.held_bytes}};
}

json::value convert(const ParkedKey& k) {
  return {{"partition", k.partition},    {"offset", k.offset},
          {"key", to_utf8(k.key)},       {"attempts", k.attempts},
          {"next", format_time(k.next)}, {"last_error", to_utf8(k.last_error)}};
}

json::value convert(const BindingStatus& b) {
  return {{"name", to_utf8(b.name)},
          {"stream", to_utf8(b.stream)},
          {"function", to_utf8(b.function)},
          {"to", list(b.to, [](const auto& to) { return json::value(to_utf8(to)); })},
          {"rate_limit", b.rate_limit.empty() ? json::value(nullptr) : json::value(b.rate_limit)},
          {"done", b.done},
          {"failed_attempts", b.failed_attempts},
          {"filtered", b.filtered},
          {"deduplicated", b.deduplicated},
          {"idempotency_keys", b.idempotency_keys},
          {"idempotency_bytes", b.idempotency_bytes},
          {"idempotency_forgotten", b.idempotency_forgotten},
          {"outputs", b.outputs},
          {"discarded_outputs", b.discarded_outputs},
          {"last_done", b.last_done ? json::value(format_time(*b.last_done)) : nullptr},
          {"late_results", b.late_results},
          {"dead_letters", b.dead_letters},
          {"dead_lettered", b.dead_lettered},
          {"done_per_second", b.done_per_second},
          {"trouble", to_utf8(b.trouble)},
          {"paused", to_utf8(b.paused)},
          {"pauses", b.pauses},
          {"paused_by_operator", b.paused_by_operator},
          {"stopped", to_utf8(b.stopped)},
          {"partitions", list(b.partitions, [](const auto& p) { return convert(p); })},
          {"parked", list(b.parked, [](const auto& k) { return convert(k); })}};
}

json::value convert(const ListenerStatus& l) {
  return {{"name", to_utf8(l.name)}, {"address", to_utf8(l.address)}};
}

json::value convert(const RouteStatus& r) {
  json::object statuses;
  for (const auto& [status, count] : r.by_status) statuses[std::to_string(status)] = count;
  json::object route{{"name", to_utf8(r.name)},       {"listener", to_utf8(r.listener)},
                     {"methods", to_utf8(r.methods)}, {"path", to_utf8(r.path)},
                     {"to", to_utf8(r.to)},           {"function", to_utf8(r.function)},
                     {"under_way", r.under_way},      {"responses", std::move(statuses)}};
  if (r.durable) route["durable"] = {{"calls", r.durable->calls}, {"results", r.durable->results}};
  return route;
}

json::value convert(const ConfigStatus& c) {
  return {{"generation", c.generation},
          {"loaded", format_time(c.loaded)},
          {"reloads_ok", c.reloads_ok},
          {"reloads_failed", c.reloads_failed},
          {"last_success", c.last_success ? json::value(format_time(*c.last_success)) : nullptr},
          {"last_error", to_utf8(c.last_error)}};
}

json::value memory(const StatusReport& r) {
  json::object holders;
  for (const auto& [holder, bytes] : r.memory) holders[holder] = bytes;
  return {{"limit", r.memory_limit}, {"holders", std::move(holders)}};
}

}  // namespace

std::string to_json(const StatusReport& r) {
  const json::object out{
      {"version", r.version},
      {"pid", r.pid},
      {"started", format_time(r.started)},
      {"now", format_time(r.now)},
      {"config", to_utf8(r.config)},
      {"config_status", convert(r.config_status)},
      {"data", to_utf8(r.data)},
      {"state", r.state},
      {"ready", r.ready},
      {"not_ready", list(r.not_ready, [](const auto& s) { return json::value(to_utf8(s)); })},
      {"streams", list(r.streams, [](const auto& s) { return convert(s); })},
      {"connectors", list(r.connectors, [](const auto& c) { return convert(c); })},
      {"functions", list(r.functions, [](const auto& f) { return convert(f); })},
      {"bindings", list(r.bindings, [](const auto& b) { return convert(b); })},
      {"listeners", list(r.listeners, [](const auto& l) { return convert(l); })},
      {"routes", list(r.routes, [](const auto& route) { return convert(route); })},
      {"memory", memory(r)},
      {"store_commits", r.store_commits},
      {"store_fsyncs", r.store_fsyncs}};
  return json::serialize(out);
}

}  // namespace pelton::observe
