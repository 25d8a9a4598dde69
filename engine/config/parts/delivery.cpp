// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/delivery.h"

#include "engine/base/units.h"
#include "engine/config/spec/fields.h"

namespace pelton::config {
namespace {

void check_backoff(const Section& section, const std::string& prefix, ReadContext& context,
                   Retry& retry) {
  if (retry.first > retry.max)
    context.problems.error(
        section.place(prefix + "backoff.first"), "E1009",
        fmt::format("{0}backoff.first ({1}) is more than {0}backoff.max ({2})", prefix,
                    format_duration(retry.first), format_duration(retry.max)));
}

void check_pause(const Section& section, const std::string& prefix, ReadContext& context,
                 Breaker& breaker) {
  if (breaker.first > breaker.max)
    context.problems.error(
        section.place(prefix + "pause.first"), "E1009",
        fmt::format("{0}pause.first ({1}) is more than {0}pause.max ({2})", prefix,
                    format_duration(breaker.first), format_duration(breaker.max)));
}

Fields<Breaker> breaker_fields() {
  return Fields<Breaker>("breaker",
                         "Pauses the binding when event after event fails, as in an outage of "
                         "something that the function needs, instead of using up the attempts of "
                         "all of them. After each pause events are tried one at a time; a "
                         "success ends the pauses.")
      .option("failures", &Breaker::failures,
              "Number of events whose first attempts fail without a success in between before the "
              "binding pauses. `0` disables the breaker.",
              {.at_least = "0", .at_most = "1000000"})
      .option("rate", &Breaker::rate,
              "Pause as well when this fraction of the events within 10 seconds fails at the first "
              "attempt, and at least `failures` of them.",
              {.at_least = "0.01", .at_most = "1", .example = "0.9"})
      .section(Fields<Breaker>("pause", "How long it pauses.")
                   .option("first", &Breaker::first,
                           "The first pause. Each further one is twice as long.",
                           {.at_least = "10ms", .at_most = "24h"})
                   .option("max", &Breaker::max, "Upper limit of the pause.",
                           {.at_least = "10ms", .at_most = "24h"}))
      .then(check_pause);
}

Fields<BatchLimits> batch_fields() {
  return Fields<BatchLimits>("batch",
                             "How many events a worker receives at a time. Events are delivered "
                             "as soon as a worker is free, unless `wait` is set.")
      .shorthand("events")
      .option("events", &BatchLimits::events, "Maximum number of events in a frame.",
              {.at_least = "1", .at_most = "65536"})
      .option("bytes", &BatchLimits::bytes,
              "Maximum payload of a frame. A single larger event is sent in a frame of its own.",
              {.at_least = "1KiB", .at_most = "32MiB"})
      .option("wait", &BatchLimits::wait,
              "How long to wait for a frame to fill up. `0s` disables waiting.", {.at_most = "5m"});
}

}  // namespace

Fields<Retry> retry_fields() {
  return Fields<Retry>("retry",
                       "What happens when an event fails: it is retried with growing delays and, "
                       "after the last attempt, becomes a dead letter.")
      .shorthand("attempts")
      .option("attempts", &Retry::attempts,
              "Maximum number of deliveries, including the first one.",
              {.at_least = "1", .at_most = "1000000"})
      .option("max_age", &Retry::max_age,
              "Stop retrying once this much time has passed since the first attempt.",
              {.at_least = "1s", .example = "6h"})
      .option("worker_kills", &Retry::worker_kills,
              "Number of workers that an event may crash before it becomes a dead letter, whatever "
              "`attempts` says. Time-outs do not count as crashes.",
              {.at_least = "1", .at_most = "1000"})
      .section(Fields<Retry>("backoff", "The delays between attempts.")
                   .option("first", &Retry::first, "Delay after the first failure.",
                           {.at_least = "1ms", .at_most = "24h"})
                   .option("factor", &Retry::factor, "Multiplier for each further delay.",
                           {.at_least = "1", .at_most = "100"})
                   .option("max", &Retry::max, "Upper limit of the delay.",
                           {.at_least = "1ms", .at_most = "24h"})
                   .option("jitter", &Retry::jitter,
                           "Random variation of each delay, as a fraction of it, in both "
                           "directions.",
                           {.at_least = "0", .at_most = "1"}))
      .then(check_backoff);
}

Fields<Delivery> delivery_fields() {
  return Fields<Delivery>("", "")
      .choice("order", &Delivery::order,
              {{"key", model::Order::key},
               {"partition", model::Order::partition},
               {"none", model::Order::none}},
              "What waits behind a failed event: later events with the same `key`, the whole "
              "`partition`, or nothing (`none`).")
      .parsed("rate_limit", &Delivery::rate_limit, parse_rate, rate_text,
              "Maximum rate at which events are delivered, retries included. They are spread "
              "evenly: at most those of a tenth of a second are delivered at once. Each engine has "
              "a limit of its own.",
              "", {.example = kRateExample})
      .option("max_unsettled", &Delivery::max_unsettled,
              "How far ahead of a partition's oldest unsettled event the engine reads, in events.",
              {.at_least = "1", .at_most = "1000000"})
      .option("max_unsettled_bytes", &Delivery::max_unsettled_bytes,
              "Memory for the unsettled events of a partition. Once they fill it, nothing more is "
              "read until some have settled; at least one event is always read.",
              {.at_least = "1KiB", .at_most = "64GiB"})
      .section(&Delivery::batch, batch_fields())
      .section(&Delivery::retry, retry_fields())
      .section(&Delivery::breaker, breaker_fields());
}

}  // namespace pelton::config
