// SPDX-License-Identifier: Apache-2.0
#include "engine/store/registry.h"

#include "engine/store/names.h"

#include <algorithm>

namespace pelton::store {
namespace {

template <typename Id>
Result<Id> number_of(const Result<std::vector<std::pair<std::string, Id>>>& all,
                     std::string_view name) {
  if (!all) return std::unexpected(all.error());
  for (const auto& [known, id] : *all)
    if (known == name) return id;
  return fail(ErrorKind::invalid, "E4109", "nothing is stored under the name {}", name);
}

}  // namespace

Result<BindingId> Registry::binding(std::string_view name) {
  auto id = names::binding(database_, write_, name);
  if (!id) return id;
  if (auto ok = bindings_.open(*id); !ok) return std::unexpected(ok.error());
  return id;
}

// Those that are not configured too: retention waits for them.
Status Registry::open() {
  auto all = names::all_bindings(database_);
  if (!all) return std::unexpected(all.error());
  for (const auto& [name, id] : *all) {
    if (auto ok = bindings_.open(id); !ok) return ok;
    say_held(name, id);
  }
  return {};
}

bool Registry::reads(std::string_view binding, StreamId stream) const {
  const auto streams = logs_.streams();
  const auto spec = streams.find(stream);
  return spec != streams.end() &&
         std::ranges::find(spec->second.bindings, binding) != spec->second.bindings.end();
}

void Registry::say_held(const std::string& name, BindingId id) {
  for (const auto& [stream, spec] : logs_.streams()) {
    if ((!spec.retention_time && !spec.retention_bytes) || reads(name, stream)) continue;
    std::uint64_t behind = 0;
    for (std::uint32_t p = 0; p < spec.partitions; ++p) {
      const model::StreamPartition at{stream, PartitionId{p}};
      const Offset end = logs_.bounds(at)->end;
      behind += static_cast<std::uint64_t>(end - bindings_.cursor(id, at).value_or(end));
    }
    if (behind > 0)
      notices_.say(fmt::format(
          "stream {} keeps {} events for binding {}, which does not read it in this config; "
          "`pelton bindings forget {}` lets retention drop them",
          spec.name, behind, name, name));
  }
}

Result<Incarnation> Registry::identify(StreamId topic, std::string_view identity) {
  const std::string name = logs_.name(topic);
  auto known = names::identify(database_, write_, name, topic, identity);
  if (!known) return std::unexpected(known.error());
  logs_.set_incarnation(topic, known->incarnation);
  if (!known->renewed) return known->incarnation;
  bindings_.forget(topic);
  notices_.say(fmt::format(
      "stream {} is another topic than before: its bindings begin as if they were new", name));
  return known->incarnation;
}

Status Registry::forget_binding(std::string_view name) {
  const auto id = number_of(names::all_bindings(database_), name);
  if (!id) return std::unexpected(id.error());
  const auto streams = names::all_streams(database_);
  if (!streams) return std::unexpected(streams.error());
  const bool configured =
      std::ranges::any_of(*streams, [&](const auto& stream) { return reads(name, stream.second); });
  if (!configured) return forget_.binding(std::string(name), *id);
  Changes changes;
  for (const auto& [stream_name, stream] : *streams)
    if (!reads(name, stream))
      if (auto ok = names::forget_progress(database_, stream, *id, changes); !ok) return ok;
  if (changes.empty()) return {};
  if (auto ok = write_(std::move(changes)); !ok) return ok;
  for (const auto& [stream_name, stream] : *streams)
    if (!reads(name, stream)) bindings_.forget(*id, stream);
  return {};
}

Status Registry::forget_stream(std::string_view name) {
  if (logs_.find(name))
    return fail(ErrorKind::invalid, "E4110",
                "stream {} is configured: remove it from the config file and reload first", name);
  const auto id = number_of(names::all_streams(database_), name);
  if (!id) return std::unexpected(id.error());
  return forget_.stream(std::string(name), *id);
}

}  // namespace pelton::store
