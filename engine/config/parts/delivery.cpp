// SPDX-License-Identifier: Apache-2.0
#include "engine/base/units.h"
#include "engine/config/parts/parts.h"

#include <fmt/format.h>

namespace pelton::config {
namespace {

model::Order order_of(const Section& section) {
  const auto text = section.value<std::string>("order");
  return text == "partition" ? model::Order::partition
         : text == "none"    ? model::Order::none
                             : model::Order::key;
}

Retry retry_of(const Section& section, Diagnostics& problems) {
  Retry retry;
  retry.attempts = count(section, "retry.attempts");
  retry.first = section.value<Duration>("retry.backoff.first");
  retry.factor = section.value<double>("retry.backoff.factor");
  retry.max = section.value<Duration>("retry.backoff.max");
  retry.jitter = section.value<double>("retry.backoff.jitter");
  retry.max_age = section.get<Duration>("retry.max_age");
  if (retry.first > retry.max)
    problems.error(section.place("retry.backoff.first"), "E1009",
                   fmt::format("retry.backoff.first ({}) is more than retry.backoff.max ({})",
                               format_duration(retry.first), format_duration(retry.max)));
  return retry;
}

}  // namespace

std::uint32_t count(const Section& section, const std::string& path) {
  return static_cast<std::uint32_t>(section.value<std::int64_t>(path));
}

Delivery parse_delivery(const Section& section, ReadContext& context) {
  const BatchLimits batch{count(section, "batch.events"),
                          section.value<std::uint64_t>("batch.bytes"),
                          section.value<Duration>("batch.window")};
  return {order_of(section), retry_of(section, context.problems), batch, count(section, "window")};
}

Start parse_start(const Section& section, Diagnostics& problems) {
  const auto text = section.value<std::string>("start");
  if (text == "earliest") return {};
  if (text == "latest") return {Start::Kind::latest, {}};
  if (const auto time = parse_time(text)) return {Start::Kind::time, *time};
  problems.error(section.place("start"), "E1008",
                 fmt::format("start: \"{}\" is neither earliest, latest nor a time such as "
                             "2026-01-01T00:00:00Z{}",
                             section.written("start"),
                             did_you_mean(section.written("start"), {"earliest", "latest"})));
  return {};
}

void refer(const Section& section, const std::string& path, Reference::Kind kind,
           const std::string& who, ReadContext& context) {
  if (auto name = section.get<std::string>(path))
    context.references.push_back(
        {kind, std::move(*name), section.written(path), section.place(path), who});
}

}  // namespace pelton::config
